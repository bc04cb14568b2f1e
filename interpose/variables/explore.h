/*
 * explore.h - the turn is passed on where the runner says, so that it can try one way after another in
 * which the threads of a test may take turns.
 *
 *     thread 1   r w r ┐3             ┌ w ended
 *     thread 2         └ r w ┐5       │ r w ended
 *     thread 3               └ r ended┘
 *                       switches: behind point 3 to thread 2, behind point 5 to thread 3
 *
 * A point is the end of an instruction, in code that is looked at, that has read or written a variable
 * which another thread has touched, too. They are counted over all threads, and since one thread runs
 * at a time, each run with the same switches has the same points up to the last of these. Else a thread
 * runs till it waits or ends, and then the one goes on that has waited longest.
 *
 * What was touched at each point, and who could have run instead, is told when the test ends
 * (struct fts_touch): by that the runner knows what else there is to try.
 */
#ifndef INTERPOSE_EXPLORE_H
#define INTERPOSE_EXPLORE_H

#include "interpose/base/raw.h"
#include "interpose/variables/patterns.h"

#include <stdbool.h>
#include <stdint.h>

/*
 * For the driver, in an iteration's process, before its test begins. `switches`: see FTS_SWITCHES;
 * FTS_SWITCHES_BY_SEED: many of them, by the seed. Returns 0, or -1 if variables are not looked at.
 */
EXPORT int ftstress_explore(uint64_t switches, uint64_t seed);

/*
 * The same where threads overlap: at some of these points, by the seed, a thread stops for a moment. What
 * is between two lines there is met by others then. Some milliseconds in a test, all in all.
 */
EXPORT int ftstress_pauses(uint64_t seed);

extern HIDDEN bool explore_live;

HIDDEN void explore_look(const struct access *access);
/* Each access that is looked at, before it is made. */
static inline void explore_note(const struct access *access)
{
	if (UNLIKELY(explore_live))
		explore_look(access);
}

HIDDEN void explore_test(bool runs);

#endif
