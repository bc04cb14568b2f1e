/*
 * leaks.h - what grows with each round of one test in one process (--leaks).
 *
 *     the driver     test · test · test ... in threads    test · test · test ... in one thread
 *     here                  count  count                         count  count
 *
 * Between two rounds, when no thread of the test is left and garbage was collected, the living objects and
 * blocks of Python's heap are counted by where they were made (made.h). A place of which there are more
 * after each of the last rounds than after the one before, is told, with how many more a round, in threads
 * and alone. The first rounds do not count: they fill caches and free lists.
 *
 * Not seen: blocks of C's malloc(), what is smaller than 32 bytes, what no line of Python makes.
 */
#ifndef INTERPOSE_LEAKS_H
#define INTERPOSE_LEAKS_H

#include "interpose/base/raw.h"

#include <stdint.h>

/* For the driver, attached, as the one thread. */

/* Counts after a round; `alone`: it was in one thread; `number` 0 is the last that does not count. */
EXPORT void ftstress_leaks_round(uint32_t alone, uint32_t number);
/* After all rounds: tells. `rounds` counted in `threads` threads, `alone` in one. Returns how many. */
EXPORT uint32_t ftstress_leaks_tell(uint32_t threads, uint32_t rounds, uint32_t alone);

#endif
