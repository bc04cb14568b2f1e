/*
 * verify.h - does a test that failed in threads pass when they do not overlap?
 *
 *     fails ─► waits ─► run in turns ─┬─ passes: finding
 *                                     └─ fails ─► run one by one ─┬─ passes: finding
 *                                                                 └─ fails: a note
 *
 * Once a test and run, and only for iterations whose threads overlap; not at all where an earlier
 * run has seen it fail in the same way (failing.h). In as many threads, not in
 * one alone: a test that leaves something behind fails the second time, and that is no bug of
 * threads. In turns first, since threads may need each other; one by one then, since who sleeps in
 * its turn passes it on.
 */
#ifndef RUNNER_VERIFY_H
#define RUNNER_VERIFY_H

#include "runner/collate/collate.h"
#include "runner/run/failing.h"
#include "runner/trial/trial.h"

struct verifier;

/* `tests` are the suite's; both borrowed. */
struct verifier *verifier_new(const struct plan_test *tests, size_t count, struct failing *failing);
void verifier_free(struct verifier *verifier);

/*
 * Looks at the failures of an attempt that has ended, or at the outcome of a test that ran in
 * turns. Findings and notes go to the collator. Before collator_iteration_end.
 */
void verifier_take(struct verifier *verifier, struct collator *collator,
		   const struct iteration_context *context, const struct trial *trial);

/* The run ends: notes the failures that still wait for a verdict, and how many were not noted. */
void verifier_leave(const struct verifier *verifier, struct collator *collator);

/* A trial that runs the next test in turns, or NULL. */
struct trial *verifier_next(struct verifier *verifier);

#endif
