/*
 * ways.h - the ways to show a finding again, by what the store knows of the times that it came, and which of them is
 * tried next.
 *
 *     of each token    the test that showed it, alone (the cheapest)
 *                      the whole iteration, if the suite's tests are still the same ones
 *     of each test     alone, with other seeds
 *
 * Tests are found by their names. So a way still means the same when tests were added since. What has shown it goes on;
 * what has not gives way to the next.
 */
#ifndef RUNNER_WAYS_H
#define RUNNER_WAYS_H

#include "runner/base/util.h"
#include "runner/plan/plan.h"
#include "runner/run/hunt.h"
#include "runner/store/store.h"

struct way {
	struct replay_token token;
	size_t test;     /* index of the suite's tests */
	bool whole;      /* with all tests of the token's slice */
	bool other_seed; /* a token of its own for each try */
	uint64_t tries, seen;
	unsigned not_run; /* times in a row that no test began */
};

struct ways {
	struct way *items;
	size_t count, capacity;
	struct plan *plan;
	const struct settings *settings;
	const struct plan_test *tests;
	size_t test_count;
	size_t now; /* the way of the present try */
	uint64_t seed, seeds;
	size_t missing; /* tests that have shown it, and that the suite no longer has */
};

/* Those of the witnesses' first run. `settings->replay.pairs` says of which kind. The rest is the caller's. */
void ways_init(struct ways *ways, struct plan *plan, const struct settings *settings,
	       const struct plan_test *tests, size_t test_count,
	       const struct store_witness *witnesses, size_t count);
void ways_clear(struct ways *ways);

/* The test with this id; SIZE_MAX if there is none. */
size_t ways_test(const struct plan_test *tests, size_t count, const char *id);

/* The slice of the first deck that has the test. */
uint64_t ways_slice(const struct ways *ways, size_t test);

/* False: there is none that runs. */
bool ways_next(struct ways *ways, struct hunt_try *next);
void ways_took(struct ways *ways, const struct hunt_result *result);

/* The one that has shown it the most often, or NULL. */
const struct way *ways_best(const struct ways *ways);
/* "tests/x.py::test_a alone, token 1f3a.12.40" */
void ways_add(struct buf *out, const struct ways *ways, const struct way *way);
/* "in 4 threads that take turns" */
void ways_add_threads(struct buf *out, const struct hunt_result *result);

#endif
