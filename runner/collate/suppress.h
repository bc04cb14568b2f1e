/*
 * suppress.h - findings that are not to be told as new: lists in TSan's format.
 *
 *     # comment
 *     race:_PyObject_GC_TRACK        any frame's function, file or module matches
 *     race_top:^PyDict_New$          the first frame of a stack matches
 *
 * Types: race, race_top, thread, mutex, deadlock, signal; called_from_lib is accepted and does
 * nothing here. Beyond TSan's, the name of any kind of finding is a type: "crash:", "test-failure:"
 * (there the test's id is matched too). A pattern matches anywhere in a name; `*` is any text, `^`
 * pins the start, `$` the end (compiler-rt's TemplateMatch,
 * lib/sanitizer_common/sanitizer_common.cpp). Not thread-safe.
 *
 * That is so for the user's rules. CPython's list is written for CPython's own tests; where packages
 * are tested, a rule of it on races counts for less (suppress_upstream()):
 *
 *  - It matches functions of CPython only, and an access only if nothing but CPython's C code stands
 *    between it and the function: what an extension does below list_ass_slice is not CPython's race.
 *  - A rule on the allocator counts only if all accesses are the allocator's: else memory was freed
 *    while it was used (model/memory.h).
 */
#ifndef RUNNER_SUPPRESS_H
#define RUNNER_SUPPRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ftstress/finding.h"

struct suppressions;

struct suppressions *suppress_new(void);
void suppress_free(struct suppressions *set);

/*
 * Adds the rules of a file. `status` is what a match makes of a finding: STATUS_SUPPRESSED for the
 * user's rules, STATUS_UPSTREAM for CPython's. Returns 0 or EXIT_BAD_INPUT, having told the user
 * each bad line as FILE:LINE.
 */
int suppress_load(struct suppressions *set, const char *path, enum finding_status status);
/* The same from memory; `path` is for messages. */
int suppress_parse(struct suppressions *set, const char *path, const char *text,
		   enum finding_status status);

/* Where CPython's sources lie: what is CPython's is known by it and by its modules. */
void suppress_sources(struct suppressions *set, const char *folder);

/* A rule by its rank: the user's come before CPython's, else in the order of the files. */
#define SUPPRESS_NONE SIZE_MAX

/*
 * The best rule, CPython's on races aside, that matches a finding of the kind by this frame of one
 * of its stacks; `top` says that it is the first frame of its stack. SUPPRESS_NONE if none does.
 */
size_t suppress_frame(const struct suppressions *set, enum finding_kind kind,
		      const struct frame *frame, bool top);
/* The best of CPython's rules on races; `accesses` are the stacks of what races. */
size_t suppress_upstream(const struct suppressions *set, enum finding_kind kind,
			 const struct stack *const *accesses, size_t count);
/* Of all rules, by the finding's stacks and the ids of its tests. */
size_t suppress_match(const struct suppressions *set, const struct finding *finding);

/* The text of a rule ("race:foo"), the set's own, and what it makes of a finding. */
const char *suppress_rule(const struct suppressions *set, size_t rule, enum finding_status *status);
/* Counts uses of a rule. */
void suppress_used(struct suppressions *set, size_t rule, uint64_t times);

/* The rules for the report: all the user's, and those of CPython's that were used. The array and
 * its strings are the caller's. */
struct run_rule *suppress_rules(const struct suppressions *set, size_t *count);

/* Does `pattern` match `text`, as TSan has it? */
bool suppress_pattern(const char *pattern, const char *text);

#endif
