/*
 * suppress.h - rules for findings that do not count as new, in TSan's format.
 *
 *     # comment
 *     race:_PyObject_GC_TRACK        function, file or module of any frame of a stack matches
 *     race_top:^PyDict_New$          the same, but only of the innermost frame
 *
 * What a type of TSan's counts for:
 *
 *     race, race_top     data races, uses after free, wrong frees and reference counts, races in Python code
 *     called_from_lib    a race whose access is one of the C library's (memcpy, free), called by that library
 *     race_on            races of the interpreter's own code on an object of that type ("race_on:^generator$")
 *     deadlock           lock orders, deadlocks, locks held over a fork
 *     mutex              misuse of locks
 *     thread             leaks of threads and of memory
 *     signal             crashes
 *
 * Beyond these, the name of a kind of finding is one: "crash:", "test-failure:". Such a rule may also match
 * the id of a test. A pattern matches anywhere in a name; `*` is any text, `^` the start, `$` the end
 * (compiler-rt: TemplateMatch, lib/sanitizer_common/sanitizer_common.cpp). Not thread-safe.
 *
 * CPython's own list is written for CPython's own tests. For packages, its rules on races match
 * less than the user's do:
 *
 *  - A rule matches functions of CPython only; and an access only if nothing but CPython's C code
 *    stands between the access and that function. What an extension does when list_ass_slice calls
 *    it is not CPython's race.
 *  - The other access has to be CPython's, too: an extension that reads a list's items by itself
 *    while list_ass_slice moves them has a race of its own.
 *  - A rule on the allocator counts only if all accesses are the allocator's. Else memory was freed
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
 * Adds the rules of a file. `status` is the status of a finding that they match: STATUS_SUPPRESSED
 * for the user's rules, STATUS_UPSTREAM for CPython's. Returns 0, or EXIT_BAD_INPUT after a message
 * to the user for each bad line.
 */
int suppress_load(struct suppressions *set, const char *path, enum finding_status status);
/* The same for a text in memory; `path` is for messages. */
int suppress_parse(struct suppressions *set, const char *path, const char *text,
		   enum finding_status status);

/*
 * Adds a rule of what is known upstream; `says` is told of what it matches. `cpythons`: it is one on CPython's
 * code, as above; else it counts as the user's do.
 */
int suppress_known(struct suppressions *set, const char *rule, const char *place, const char *says,
		   bool cpythons);

/* Sets where CPython's sources lie: code of files below it is CPython's. */
void suppress_sources(struct suppressions *set, const char *folder);

/* A rule is known by its rank. The user's rules come first; a lower rank is the better match. */
#define SUPPRESS_NONE SIZE_MAX

/*
 * The best rule that matches a finding of the kind, which has this frame in one of its stacks;
 * `top`: it is the innermost frame. Without CPython's rules on races. SUPPRESS_NONE if there is
 * none.
 */
size_t suppress_frame(const struct suppressions *set, enum finding_kind kind,
		      const struct frame *frame, bool top);
/* The best of the rules that look at whole accesses: called_from_lib, and CPython's on races. `accesses`: the
 * stacks of the accesses that race. */
size_t suppress_accesses(const struct suppressions *set, enum finding_kind kind,
			 const struct stack *const *accesses, size_t count);
/* The best of those on what the interpreter's own code does to an object of the type (NULL: it is of none). */
size_t suppress_object(const struct suppressions *set, enum finding_kind kind, const char *type,
		       const struct stack *const *accesses, size_t count);
/* The best of all rules, by the finding's stacks and the ids of its tests. */
size_t suppress_match(const struct suppressions *set, const struct finding *finding);

/* What is told of a rule, its text ("race:foo") or what is known of it, and the status of a finding that it matches. */
const char *suppress_rule(const struct suppressions *set, size_t rule, enum finding_status *status);
/* Counts uses of a rule. */
void suppress_used(struct suppressions *set, size_t rule, uint64_t times);

/*
 * The rules for the report: all of the user's, and those of CPython's that were used. To be freed:
 * the array and its strings.
 */
struct run_rule *suppress_rules(const struct suppressions *set, size_t *count);

/*
 * "2 of the 5 suppressions matched nothing in this run: race:foo (mine.txt:3), ...": the user's. NULL if all of
 * them did. To be freed.
 */
char *suppress_note(const struct suppressions *set);

/* Does the pattern match the text, by TSan's rules? */
bool suppress_pattern(const char *pattern, const char *text);

#endif
