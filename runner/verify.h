/*
 * verify.h - does a test that failed in threads pass alone?
 *
 *     fails in threads ─► waits ─► run alone, once a test and run ─┬─ passes: finding test-failure
 *                                                                  └─ fails: a note
 *
 * Only of iterations whose threads overlap.
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
 * Looks at the failures of an attempt that has ended, or at the outcome of a test that ran alone.
 * Findings and notes go to the collator. Before collator_iteration_end.
 */
void verifier_take(struct verifier *verifier, struct collator *collator,
		   const struct iteration_context *context, const struct trial *trial);

/* A trial that runs the next test alone, or NULL. */
struct trial *verifier_next(struct verifier *verifier);

#endif
