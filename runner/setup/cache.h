/*
 * cache.h - the cache keeps what a suite's next run needs, and not what each change of its files left.
 *
 *     collected/SUITE-<hash>.json     its tests
 *     pairs/SUITE-<hash>/             its corpus
 *
 * An entry's time is when a run last used it.
 */
#ifndef RUNNER_CACHE_H
#define RUNNER_CACHE_H

#include "runner/setup/paths.h"

enum { CACHE_KEPT = 4 }; /* entries of a suite that stay, used or not: of two Pythons, say */

/* A run uses the file or folder. */
void cache_used(const char *path);

/*
 * Removes entries of the suite in a folder of the cache: all that no run used for a day, but the
 * newest ones. What can't be removed stays.
 */
void cache_trim(const struct paths *paths, const char *folder, const char *suite);

#endif
