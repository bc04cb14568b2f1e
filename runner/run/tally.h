/*
 * tally.h - what of a run is done: tests and iterations counted, and kept in the store with the
 * findings.
 *
 *     iterations   0 1 2 3 4 5       done: 0 1 2 4, so the watermark is 3:
 *                        ^           a run that is cut off goes on there
 */
#ifndef RUNNER_TALLY_H
#define RUNNER_TALLY_H

#include "runner/run/pool.h"
#include "runner/trial/trial.h"

struct tally;

/* Both borrowed; `result` is where tests and iterations are counted. */
struct tally *tally_new(const struct pool_options *options, struct pool_result *result);
void tally_free(struct tally *tally);

/* An attempt is over: counts its tests. */
void tally_tests(struct tally *tally, const struct trial *trial);
/* The run is over: puts the slowest tests into the result. */
void tally_slowest(struct tally *tally);
/* The trial is over. */
void tally_trial(struct tally *tally, const struct trial *trial);
/*
 * Stores what is new since the last time; `trial` is over, or NULL. Returns 0 or an exit code,
 * once: after a failure nothing more is stored.
 */
int tally_store(struct tally *tally, const struct trial *trial);

#endif
