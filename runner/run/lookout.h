/*
 * lookout.h - what has to be looked at without an event: crashes, memory, progress, time.
 */
#ifndef RUNNER_LOOKOUT_H
#define RUNNER_LOOKOUT_H

#include "runner/run/jobs.h"

/* Of every turn of the loop. */
void lookout_tick(struct pool *pool);
/* For meanwhile_set(): all that does not wait until the collator has time. */
void lookout_meanwhile(void *pool);

#endif
