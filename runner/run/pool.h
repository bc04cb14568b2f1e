/*
 * pool.h - runs iterations: hands them to workers, watches these, and passes on what they bring to
 * the collator and the store.
 *
 *     job 0: [trial 0 ─────][trial 2 ──][verify a test alone][trial 3 ...
 *     job 1: [trial 1 ──────────────][trial 4 ...
 *                      │
 *                      └─ A job has a zygote of each enum worker_kind, started when it is first
 *                         needed. While a trial runs, the zygote imports what the next one needs
 *                         ("prefetch").
 *
 * One loop around poll(), in one thread. Rings, memory and time bring no event: the loop looks at
 * them every 50 ms.
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

struct explore;
struct hunt;
struct pairs;

struct pool_options {
	const struct settings *settings;
	const struct launch *launch;
	struct plan *plan;
	const struct plan_test *tests; /* as given to plan_new */
	size_t test_count;
	struct collator *collator;
	struct collator *as_written; /* the other one of recheck.h; NULL = there are no rechecks */
	struct store *store;
	struct pairs *pairs;     /* of an ordinary run, or NULL */
	struct explore *explore; /* of a run with --explore, or NULL */
	struct hunt *hunt;       /* of a run that looks for one finding, or NULL; with one job */
	int64_t run;
	struct plan_start start;
	uint64_t first_iteration; /* not 0 if a run is resumed */
	uint64_t deck_tests; /* position in the deck before the run: a replay or a gate keeps it */
	unsigned jobs;
	uint64_t memory; /* bytes for an iteration */
	struct progress *progress;
	/* How long a zygote may take to say "hello" and "started", seconds; 0 = the default. */
	double hello_patience, start_patience;
	const volatile sig_atomic_t *stop; /* not 0: the user wants to stop */
};

#define SLOW_TESTS 5

struct slow_test {
	size_t test;    /* index of the suite's tests */
	double seconds; /* how long it took at most */
};

struct pool_result {
	struct matrix *matrix;                       /* of pairs, NULL = there were none */
	struct run_pairs pairs;                      /* of an ordinary run */
	uint64_t functions[COVER_KINDS];             /* as in struct run_covered */
	uint64_t objects_shared;                     /* the same */
	uint64_t iterations_done, iterations_gil_on; /* not those of a run that is resumed */
	uint64_t tests_run, tests_distinct, tests_skipped;
	uint64_t tests_threaded, tests_turns, tests_overlap; /* as in struct run_info */
	uint64_t tests_apart;                                /* the same */
	unsigned threads_least, threads_most;
	uint64_t tests_cut; /* ended because --duration was over; not among those that ran */
	struct slow_test slow[SLOW_TESTS]; /* the slowest first */
	size_t slow_count;
	/* As in struct failing_totals. */
	uint64_t tests_passed, tests_failing;
	char *failing_test, *failing_why, *failing_where;
	uint64_t files_unimported; /* by ThreadSanitizer's Python only */
	char *unimported_file, *unimported_why;
	char *python_version; /* NULL = no zygote has started */
	bool interrupted;
	bool store_failed; /* what was found last is not in the store */
};

/*
 * Runs all iterations. Returns 0, or an exit code after a message to the user. In any case, the
 * collator and the store have what was found by then.
 */
int pool_run(const struct pool_options *options, struct pool_result *result);
void pool_result_clear(struct pool_result *result);

#endif
