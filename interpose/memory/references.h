/*
 * references.h - to which object there are more references with each round of one test, or fewer (--leaks).
 *
 * A reference that is never dropped needs no memory: of its object there is one, and it lives on. So the
 * counts themselves are compared, of all objects that live after the last round that does not count:
 *
 *     round 0    all that live: address, count          1,000,000
 *     round 1    ... of which the count is higher             300
 *     round 2    ... and higher again                          20
 *     round 6                                                   1    that is told
 *
 * In the same way those are found of which the count is lower each time: each round drops references that it
 * did not take. What holds an object may also let it go, one by one (a list of a thousand that is used up).
 * So only what is counted and not held (held.h) is looked at there.
 *
 * Immortal objects have no count. Where memory grows, too (leaks.h), nothing is told here: what is in it
 * has references, and these are no leak of their own.
 */
#ifndef INTERPOSE_REFERENCES_H
#define INTERPOSE_REFERENCES_H

#include "interpose/base/raw.h"

#include <stdbool.h>
#include <stdint.h>

/* As ftstress_leaks_round(); `alone` is 0 or 1. */
HIDDEN void references_round(uint32_t alone, uint32_t number);

/* After the last round: of those that fell, only what nothing let go is left. */
HIDDEN void references_settle(void);

struct references {
	uint64_t object;
	int64_t grew
		[2]; /* how many more there are after all rounds: in threads, alone; < 0: fewer; 0: not steadily */
};

/* The objects that are left, the lowest address first; false: there is none behind `after`. */
HIDDEN bool references_next(uint64_t after, struct references *found);

#endif
