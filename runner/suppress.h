/*
 * suppress.h - findings that are not to be told as new: lists in TSan's format.
 *
 *     # comment
 *     race:_PyObject_GC_TRACK        any frame's function, file or module matches
 *     race_top:^PyDict_New$          the first frame of a stack matches
 *
 * Types: race, race_top, thread, mutex, deadlock, signal; called_from_lib is accepted and does
 * nothing here. A pattern matches anywhere in a name; `*` is any text, `^` pins the start, `$` the
 * end (compiler-rt's TemplateMatch, lib/sanitizer_common/sanitizer_common.cpp).
 * Not thread-safe.
 */
#ifndef RUNNER_SUPPRESS_H
#define RUNNER_SUPPRESS_H

#include <stdbool.h>
#include <stddef.h>

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

/*
 * The first rule that matches the finding; the user's rules come before CPython's. Sets *status
 * and counts the use `times`; the result is the rule's text ("race:foo"), the set's own, or NULL.
 */
const char *suppress_match(struct suppressions *set, const struct finding *finding, size_t times,
			   enum finding_status *status);
/* Counts further uses of a rule that suppress_match returned. */
void suppress_used(struct suppressions *set, const char *rule, size_t times);

/* The rules for the report: all the user's, and those of CPython's that were used. The array and
 * its strings are the caller's. */
struct run_rule *suppress_rules(const struct suppressions *set, size_t *count);

/* Does `pattern` match `text`, as TSan has it? */
bool suppress_pattern(const char *pattern, const char *text);

#endif
