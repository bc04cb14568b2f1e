/*
 * verify.h - does a test that failed in threads pass when they take turns?
 *
 *     fails in threads ─► waits ─► run in turns, once a test and run ─┬─ passes: finding
 *                                                                     └─ fails: a note
 *
 * Only of iterations whose threads overlap. As many threads, one after the other, and not one
 * alone: a test that leaves something behind fails the second time, and that is no bug of threads.
 */
#ifndef RUNNER_VERIFY_H
#define RUNNER_VERIFY_H

#include "runner/collate.h"
#include "runner/trial.h"

struct verifier;

/* `tests` are the suite's, borrowed. */
struct verifier *verifier_new(const struct plan_test *tests, size_t count);
void verifier_free(struct verifier *verifier);

/*
 * Looks at the failures of an attempt that has ended, or at the outcome of a test that ran in
 * turns. Findings and notes go to the collator. Before collator_iteration_end.
 */
void verifier_take(struct verifier *verifier, struct collator *collator,
		   const struct iteration_context *context, const struct trial *trial);

/* A trial that runs the next test in turns, or NULL. */
struct trial *verifier_next(struct verifier *verifier);

#endif
