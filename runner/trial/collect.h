/*
 * collect.h - takes a worker's records out of its rings: the trial learns of them at once, the
 * collator when it has time (records/held.h). So this may happen in the middle of anything.
 */
#ifndef RUNNER_COLLECT_H
#define RUNNER_COLLECT_H

#include "runner/trial/trial.h"
#include "runner/trial/worker.h"

/*
 * `trial`: what the worker runs; NULL = nothing. False: the collator has to take what is held
 * before there is room for more.
 */
bool worker_collect(struct worker *worker, struct trial *trial);

#endif
