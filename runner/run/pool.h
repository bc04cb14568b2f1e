/*
 * pool.h - runs iterations: hands them to workers, watches them, tells the collator and the store.
 *
 *     job 0: [trial 0 ─────][trial 2 ──][verify a test alone][trial 3 ...
 *     job 1: [trial 1 ──────────────][trial 4 ...
 *                      │
 *                      └─ a zygote of each enum worker_kind, started when first needed;
 *                         while a trial runs, the job's next one is announced ("prefetch")
 *
 * One loop around poll, one thread. What needs a look without an event (rings, memory, time) is
 * looked at every 50 ms.
 */
#ifndef RUNNER_POOL_H
#define RUNNER_POOL_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

#include "runner/collate/collate.h"
#include "runner/plan/plan.h"
#include "runner/base/progress.h"
#include "runner/store/store.h"
#include "runner/trial/worker.h"

struct pool_options {
	const struct settings *settings;
	const struct launch *launch;
	struct plan *plan;
	const struct plan_test *tests; /* as given to plan_new */
	size_t test_count;
	struct collator *collator;
	struct collator *as_written; /* of recheck.h; NULL = races are not tried so */
	struct store *store;
	int64_t run;
	struct plan_start start;
	uint64_t first_iteration; /* above 0 when a run is resumed */
	uint64_t deck_tests;      /* kept in the store while a token is replayed, and by the gate */
	unsigned jobs;
	uint64_t memory; /* bytes for an iteration */
	struct progress *progress;
	double hello_patience, start_patience; /* seconds; 0 = as pool.c has them */
	const volatile sig_atomic_t *stop;     /* not 0: the user wants to stop */
};

#define SLOW_TESTS 5

struct slow_test {
	size_t test;    /* index of the suite's tests */
	double seconds; /* that it took once, at the longest */
};

struct pool_result {
	struct matrix *matrix;                       /* of a run of pairs, or NULL */
	uint64_t iterations_done, iterations_gil_on; /* of this process */
	uint64_t tests_run, tests_distinct, tests_skipped;
	uint64_t tests_threaded, tests_turns, tests_overlap; /* see struct run_info */
	unsigned threads_least, threads_most;
	uint64_t tests_cut;                /* ended with the run's time; not among those that ran */
	struct slow_test slow[SLOW_TESTS]; /* the slowest first */
	size_t slow_count;
	/* Of failing.h: how many, and the first one that never passed (NULL = none). */
	uint64_t tests_passed, tests_failing;
	char *failing_test, *failing_why, *failing_where;
	char *python_version; /* NULL = no zygote came up */
	bool interrupted;
	bool store_failed; /* what was found last is not in the store */
};

/*
 * Runs all iterations. Returns 0 or an exit code, having told the user; what was found by then is
 * in collator and store in any case.
 */
int pool_run(const struct pool_options *options, struct pool_result *result);
void pool_result_clear(struct pool_result *result);

#endif
