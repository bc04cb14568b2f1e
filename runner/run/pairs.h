/*
 * pairs.h - the pairs in an ordinary run: of its iterations one in so many is not of the suite's
 * tests, but of pairs of operations on one object (docs/pairs.md).
 *
 *     tests    [0] [1] [2]   [3] [4] [5]   [6] [7] [8]         with --pairs-every=4
 *     corpus   ▒▒▒▒▒▒▒▒▒▒▒▒▒┐                                  made by a child process meanwhile
 *     pairs                 └[0]          [1]          [2]     those that are owed come at the end
 *
 * Iterations of pairs are numbered for themselves, and so are their slices: what the tests' ones
 * are does not depend on when the corpus was ready. Their tokens have a p: S.n.pk. Their zygotes are
 * of a kind of their own; collator, store and report are the run's.
 */
#ifndef RUNNER_PAIRS_H
#define RUNNER_PAIRS_H

#include "runner/run/pool.h"
#include "runner/setup/suite.h"
#include "runner/trial/trial.h"

struct pairs;
struct run;

/* Does the suite install nothing, and is of CPython's own package of tests? Then the interpreter's
 * types are those that it is about. */
bool suite_is_of_cpython(const struct suite *suite);
/* Does it have types of its own? Those, or what it installs. */
bool suite_has_types(const struct suite *suite);

/* Are classes in Python looked at in these pairs? They race in each that takes no lock: that is a
 * fault only of one that threads are to share, so it has to be asked for. */
enum classes_choice pairs_classes(enum classes_choice asked);

/*
 * Begins to make the corpus, if it is not there. NULL: this run has no pairs. The run's collator
 * has to be open.
 */
struct pairs *pairs_begin(struct run *run);
/* Ends what still makes the corpus. NULL is fine. */
void pairs_free(struct pairs *pairs);

/* Is the corpus there by now? Then its pairs are put into the result's matrix. To be called often. */
void pairs_look(struct pairs *pairs, struct pool_result *result);

/*
 * An iteration of pairs, if it is their turn: `planned` iterations of tests were planned in this
 * run; `last`: there will be no more of these. NULL: not now.
 */
struct trial *pairs_next(struct pairs *pairs, uint64_t planned, bool last);
/* There will be more, although pairs_next() gave none: the corpus is being made. */
bool pairs_awaited(const struct pairs *pairs, uint64_t planned);
/* There will be no more: their zygote does not come up. */
void pairs_stop(struct pairs *pairs, const char *why);

/* An iteration of them is over. */
void pairs_done(struct pairs *pairs, const struct trial *trial, struct pool_result *result);

/* As the suite's. */
const struct plan_test *pairs_tests(const struct pairs *pairs);
const struct launch *pairs_launch(const struct pairs *pairs);
/* The suite whose tests are the pairs; NULL = the corpus is not there. */
const struct suite *pairs_suite(const struct pairs *pairs);

#endif
