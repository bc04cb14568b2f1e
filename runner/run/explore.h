/*
 * explore.h - a run with --explore: each iteration is one test, whose threads pass their turns on at
 * places that are planned (runner/plan/schedules.h). What an iteration tells of its places decides
 * what comes next. When there is nothing left of a test, its turns are passed on by seed.
 */
#ifndef RUNNER_EXPLORE_H
#define RUNNER_EXPLORE_H

#include "runner/collate/collate.h"
#include "runner/plan/plan.h"
#include "runner/trial/trial.h"

struct explore;

/* All are the caller's. `plan`: its slices have one test each. */
struct explore *explore_new(const struct settings *settings, struct plan *plan,
			    const struct plan_test *tests);
void explore_free(struct explore *explore);

/* Iteration number `iteration`, NULL: there is none now, or no more. */
struct trial *explore_next(struct explore *explore, uint64_t iteration);
/* It is over. */
void explore_take(struct explore *explore, const struct trial *trial);

/* Says in the run's notes how much of each test was seen. */
void explore_tell(const struct explore *explore, struct collator *collator);

#endif
