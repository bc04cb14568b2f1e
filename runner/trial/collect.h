/*
 * collect.h - takes a worker's records out of its rings. The trial gets them at once, the collator
 * when it has time (records/held.h). So this may be called in the middle of anything.
 */
#ifndef RUNNER_COLLECT_H
#define RUNNER_COLLECT_H

#include "runner/trial/trial.h"
#include "runner/trial/worker.h"

/*
 * `trial`: what the worker runs; NULL = nothing. False: nothing was taken, because the collator
 * first has to take what is held.
 */
bool worker_collect(struct worker *worker, struct trial *trial);

#endif
