/*
 * verify.h - does a test that failed in threads pass when its threads do not overlap?
 *
 *     fails ─► waits ─► run in turns ─┬─ passes: finding
 *                                     └─ fails ─► run one by one ─┬─ passes: finding
 *                                                                 └─ fails: a note
 *
 * Where many fail in an iteration, they are first tried together, in one process. A test that fails
 * there in the way in which it failed in threads goes the same way down, for what made it fail needs no
 * overlap; any other one is checked alone, in a fresh process.
 *
 * A test is checked once in a run, and only if it failed in an iteration whose threads overlap. It
 * is not checked if an earlier run has seen it fail in the same way without overlap (failing.h).
 *
 * The check uses as many threads as the iteration. In one thread a test that leaves something
 * behind would pass, and fail only the second time, which is no bug of threads. First the threads
 * take turns, because they may need each other. But a thread that sleeps passes its turn on, so
 * turns may overlap a little: then they run one by one.
 */
#ifndef RUNNER_VERIFY_H
#define RUNNER_VERIFY_H

#include "runner/collate/collate.h"
#include "runner/run/failing.h"
#include "runner/trial/trial.h"

struct verifier;

/* `tests` are the suite's. They and `failing` have to live longer. */
struct verifier *verifier_new(const struct plan_test *tests, size_t count, struct failing *failing);
void verifier_free(struct verifier *verifier);

/*
 * Takes the failures of an attempt that has ended, or the outcome of a check. Findings and notes go
 * to the collator. Has to come before collator_iteration_end().
 */
void verifier_take(struct verifier *verifier, struct collator *collator,
		   const struct iteration_context *context, const struct trial *trial);

/* At the end of the run: adds notes on failures that still wait for a verdict, and on how many more
 * there are of each kind. */
void verifier_leave(const struct verifier *verifier, struct collator *collator);

/* A trial that makes the next check, or NULL. */
struct trial *verifier_next(struct verifier *verifier);

#endif
