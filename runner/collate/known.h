/*
 * known.h - races of CPython that are known upstream, but are not on CPython's own list: the files
 * of the folder stress/known.
 *
 * A file is called FIRST-LAST.txt, as in "3.13-3.14.txt" or "3.14-3.14.6.txt". It counts for the
 * releases from the first to the last one, both included; "3.14" as the last means all of 3.14.
 */
#ifndef RUNNER_KNOWN_H
#define RUNNER_KNOWN_H

#include <stdbool.h>

#include "runner/collate/suppress.h"

/* Does the file of this name count for the release ("3.14.6")? */
bool known_is_for(const char *file, const char *version);
/* Adds the rules of all files that count for the release, as STATUS_UPSTREAM. Returns 0, or
 * EXIT_BAD_INPUT after a message to the user. */
int known_load(struct suppressions *set, const char *folder, const char *version);

#endif
