/*
 * measure.h - how long does a test take when its threads run one after the other?
 *
 * That is asked when a test computes for long without an end (runner/verdict/livelock.h). So the test runs in a
 * process of its own, beside the one that is asked about: in a job that the pool has for nothing else.
 *
 *     a job's guard: "suspect" ─► measure_want ─► measure_next ─► measure_take
 *                                     each tick       the job         when it has ended
 *     the guard's limits    ◄──── measure_of
 */
#ifndef RUNNER_MEASURE_H
#define RUNNER_MEASURE_H

#include "runner/trial/trial.h"

struct measure;

struct measure *measure_new(void);
void measure_free(struct measure *measure);

/* The test that the trial runs now is in doubt. To be called again as long as it is. */
void measure_want(struct measure *measure, const struct trial *trial, double now);
/* Does anybody still want what is being measured? */
bool measure_is_wanted(const struct measure *measure, double now);

/*
 * Seconds that the test takes which the trial runs now; 0 = it is not known, or no test runs; less: it can't be
 * measured, as it fails or does not end.
 */
double measure_of(const struct measure *measure, const struct trial *trial);

/* A trial that measures what is wanted, or NULL. `tests` are those of the trial that is in doubt. */
struct trial *measure_next(struct measure *measure, const struct plan_test *tests,
			   const struct plan_test *pairs, double now);
/* Takes the result of such a trial. */
void measure_take(struct measure *measure, const struct trial *trial);

#endif
