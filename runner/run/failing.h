/*
 * failing.h - which tests never pass: what they test was not tested.
 *
 *     iteration 0   a passes   b fails   c fails
 *     iteration 1   a fails    b fails             c's check (verify.h): passes
 *                      │          │                   │
 *                   passed     FAILING             passed: its failures are the threads'
 *
 * From run to run the store remembers whose failure was seen to need no threads, and how it failed:
 * a test that fails in the same way again is not checked again.
 */
#ifndef RUNNER_FAILING_H
#define RUNNER_FAILING_H

#include <stdbool.h>
#include <stddef.h>

#include "runner/store/store.h"
#include "runner/trial/trial.h"

struct failing;

/* `tests` are the suite's, borrowed; in the order of strcmp over the ids. */
struct failing *failing_new(const struct plan_test *tests, size_t count);
void failing_free(struct failing *failing);

/* Takes from the store what is remembered of these tests. Returns 0 or an exit code. */
int failing_load(struct failing *failing, struct store *store);
/* Remembers it for the next run. Returns 0 or an exit code. */
int failing_store(const struct failing *failing, struct store *store);

/* An attempt is over, or a check. Before trial_continue. */
void failing_take(struct failing *failing, const struct trial *trial);

/* Has the test failed in this way before, without threads that overlap? */
bool failing_is_known(const struct failing *failing, size_t test,
		      const struct test_failure *failure);
/* It did so now. */
void failing_alone(struct failing *failing, size_t test, const struct test_failure *failure);

struct failing_totals {
	size_t passed;  /* tests that passed at least once */
	size_t failing; /* that failed, and never passed */
	/* The first of the latter: borrowed; NULL if there is none. `where` may be NULL. */
	const char *test, *why, *where;
};

struct failing_totals failing_totals(const struct failing *failing);

/* "ValueError: no such thing", in one line of a few hundred bytes at most; to be freed. */
char *failure_why(const struct test_failure *failure);
/* "test_x.py:12: x = f()", the innermost line of its traceback, or NULL; to be freed. */
char *failure_where(const struct test_failure *failure);

#endif
