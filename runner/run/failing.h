/*
 * failing.h - which tests never pass. What such a test is for has not been tested.
 *
 *     iteration 0   a passes   b fails   c fails
 *     iteration 1   a fails    b fails             c's check (verify.h): passes
 *                      │          │                   │
 *                   passed     FAILING             passed: it fails because of threads
 *
 * The store remembers, from run to run, which tests failed in a check, without overlap, and how. A
 * test that fails in the same way again is not checked again.
 */
#ifndef RUNNER_FAILING_H
#define RUNNER_FAILING_H

#include <stdbool.h>
#include <stddef.h>

#include "runner/store/store.h"
#include "runner/trial/trial.h"

struct failing;

/* `tests` are the suite's, sorted by id (strcmp()). They have to live longer. */
struct failing *failing_new(const struct plan_test *tests, size_t count);
void failing_free(struct failing *failing);

/* Loads what the store remembers of these tests. Returns 0 or an exit code. */
int failing_load(struct failing *failing, struct store *store);
/* Stores it for the next run. Returns 0 or an exit code. */
int failing_store(const struct failing *failing, struct store *store);

/* Takes the outcomes of an attempt or a check that is over. Has to come before trial_continue(). */
void failing_take(struct failing *failing, const struct trial *trial);

/* Has the test failed in this way before, without overlap? */
bool failing_is_known(const struct failing *failing, size_t test,
		      const struct test_failure *failure);
/* Notes that it has. */
void failing_alone(struct failing *failing, size_t test, const struct test_failure *failure);

struct failing_totals {
	size_t passed;  /* how many tests have passed at least once */
	size_t failing; /* how many have failed, and never passed */
	/*
	 * The first test of these, how it failed, and where (may be NULL). NULL if there is none.
	 */
	const char *test, *why, *where;
};

struct failing_totals failing_totals(const struct failing *failing);

/* "ValueError: no such thing", in one line of a few hundred bytes at most; to be freed. */
char *failure_why(const struct test_failure *failure);
/* "test_x.py:12: x = f()", the innermost line of its traceback, or NULL; to be freed. */
char *failure_where(const struct test_failure *failure);

#endif
