/*
 * control.h - what zygotes say on their control channels, and the end of one that says nothing
 * sensible or nothing at all.
 */
#ifndef RUNNER_CONTROL_H
#define RUNNER_CONTROL_H

#include "runner/run/jobs.h"

/* Acts on what the worker has said. Bounded: worker->more tells that there is more. */
void control_read(struct pool *pool, struct job *job, struct worker *worker);
/*
 * The worker's process is gone, or is not to be trusted (`why` says so): ends it, and what it was
 * doing.
 */
void control_drop(struct pool *pool, struct job *job, struct worker *worker, const char *why);

#endif
