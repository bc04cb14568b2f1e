/*
 * livelock_tell.h - a livelock in words.
 */
#ifndef RUNNER_LIVELOCK_TELL_H
#define RUNNER_LIVELOCK_TELL_H

#include "runner/verdict/faults.h"
#include "runner/verdict/livelock.h"

/*
 * Overwrites `finding` with that of threads that compute for ever: those first. Of each it is told where it was at
 * both captures, and what of its stack was the same.
 */
void livelock_tell(const struct livelock *livelock, const struct fault *fault,
		   struct finding *finding);

#endif
