/*
 * known.h - bugs that are known upstream: the .toml files in stress/known, an entry a bug.
 *
 *     project = "cpython"                       whose bugs these are
 *
 *     [[bug]]
 *     issue = 150791                            its number in the project's tracker
 *     does = "One itertools.groupby that several threads use mixes up its groups."
 *     functions = ["^groupby_next$", ...]       one of them makes the access (suppress.h has the patterns)
 *     rule = "race"                             or "race_top", which is what is meant without it; "race_on":
 *                                               `functions` are types, one of which has the memory
 *     since = "3.13"                            the first release that has it; without it all
 *     fixed = ["3.14.7", "3.15.0"]              the first release of each series that has it mended
 *
 * What matches is STATUS_UPSTREAM and fails no run. Of CPython an entry counts only for releases that have the
 * bug; what release of another project a package was built with is not known, so there an entry always counts.
 */
#ifndef RUNNER_KNOWN_H
#define RUNNER_KNOWN_H

#include <stdbool.h>
#include <stddef.h>

#include "runner/collate/suppress.h"

/* Does the release ("3.14.6") have a bug that came with `since` (NULL: always there), mended in these? */
bool known_has(const char *version, const char *since, char *const *fixed, size_t count);

/* Adds the rules of all files of the folder that count for the release of CPython. Returns 0, or EXIT_BAD_INPUT
 * after a message to the user. */
int known_load(struct suppressions *set, const char *folder, const char *version);

#endif
