/*
 * known.h - CPython's races that are known upstream and not on CPython's own list: stress/known.
 *
 * A file of that folder is called FIRST-LAST.txt, as in "3.13-3.14.txt" or "3.14-3.14.6.txt", and
 * counts for the releases from the one to the other: "3.14" as the last is all of 3.14.
 */
#ifndef RUNNER_KNOWN_H
#define RUNNER_KNOWN_H

#include <stdbool.h>

#include "runner/collate/suppress.h"

/* Is the file called so for that release ("3.14.6")? */
bool known_is_for(const char *file, const char *version);
/* Adds the rules of all files of the folder that are for the release, as STATUS_UPSTREAM. Returns 0
 * or EXIT_BAD_INPUT, having told the user. */
int known_load(struct suppressions *set, const char *folder, const char *version);

#endif
