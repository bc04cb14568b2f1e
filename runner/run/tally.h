/*
 * tally.h - counts which tests and iterations of a run are done, and stores that with the findings.
 *
 *     iterations   0 1 2 3 4 5       0, 1, 2 and 4 are done: the watermark is 3. If the run is cut
 *                        ^           off, --resume goes on there.
 */
#ifndef RUNNER_TALLY_H
#define RUNNER_TALLY_H

#include "runner/run/pool.h"
#include "runner/trial/trial.h"

struct tally;

/* Tests and iterations are counted in `result`. Both have to live longer. */
struct tally *tally_new(const struct pool_options *options, struct pool_result *result);
void tally_free(struct tally *tally);

/* When an attempt is over: counts its tests. */
void tally_tests(struct tally *tally, const struct trial *trial);
/* When the run is over: puts the slowest tests into the result. */
void tally_slowest(struct tally *tally);
/* When a trial is over: counts it. */
void tally_trial(struct tally *tally, const struct trial *trial);
/*
 * Stores what is new since the last time. `trial`: one that is over, or NULL. Returns 0 or an exit
 * code. After a failure, nothing more is stored, and each call returns 0.
 */
int tally_store(struct tally *tally, const struct trial *trial);

#endif
