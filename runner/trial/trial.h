/*
 * trial.h - one iteration: which of its tests ran, and how.
 *
 * An iteration is one or more attempts. An attempt is one process. When a test takes the process
 * down, the tests that are left run in a new one, with the same number and token.
 *
 *     slice    a b c d e
 *     attempt  a b c†            c is blamed
 *     attempt        d e         indices in records count from d
 *
 * Tests whose import switches the GIL on would keep the other tests' threads from running at the
 * same time. So they are set apart: they run after the others, in a zygote that has the GIL on.
 *
 *     attempt  a   c   e         without the GIL
 *     attempt    b   d           with it
 */
#ifndef RUNNER_TRIAL_H
#define RUNNER_TRIAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "ftstress/record.h"
#include "runner/plan/plan.h"
#include "runner/records/iteration.h"

#define BUDGET_LEAST 1.0 /* seconds that an attempt gets, even if the budget is used up */

enum test_state {
	TEST_WAITING,
	TEST_BEGUN,
	TEST_ENDED,
	TEST_NOT_RUN, /* the budget was used up, or it could not be collected */
};

/* What a thread of a test raised. */
struct test_failure {
	uint32_t index;           /* in the attempt */
	uint16_t thread, threads; /* as in struct fts_test_fail */
	char *type, *message, *traceback;
};

/* Why the runner killed the process. */
enum kill_reason {
	KILL_NONE,      /* it did not */
	KILL_MEMORY,    /* the process took too much memory */
	KILL_HANG,      /* it made no progress, and did nothing */
	KILL_SLOW,      /* it made no progress, and computed all the time */
	KILL_LIVELOCK,  /* the same, and it will never make any */
	KILL_INTERRUPT, /* the user interrupted the run */
	KILL_PARENT,    /* the test had killed the zygote */
	KILL_DURATION,  /* the run's --duration was over */
};

struct trial {
	struct trial_plan plan;
	bool check;      /* it runs one test without overlap: does that pass? See verify.h */
	bool pairs;      /* its tests are not the suite's, but pairs; see run/pairs.h */
	bool as_written; /* it runs one test with the orders as written; see recheck.h */
	bool measures;   /* it runs one test to see how long that takes; see measure.h */
	char *token;
	unsigned attempts, fruitless; /* fruitless: attempts in a row in which no test began */
	double budget;                /* seconds left; BUDGET_LEAST at least */
	size_t *apart;                /* tests set apart, for an attempt with the GIL */
	size_t apart_count;

	/* The present attempt. */
	bool gil;         /* in a zygote with the GIL */
	uint32_t gil_for; /* index of the test that switched it on, or FTS_NO_TEST */
	size_t *tests;    /* indices of the suite's tests */
	const char **ids; /* the ids of these; the strings are the suite's */
	size_t count;
	enum test_state *states;
	uint16_t *outcomes;    /* of a test that has ended: enum fts_outcome */
	char **ordered;        /* of a pair: the lock that ordered its calls, or NULL */
	uint16_t *threads;     /* of a test that has begun: in how many threads it runs or ran */
	double *seconds;       /* of a test that has ended: how long it took */
	uint32_t running;      /* index of the test that runs now, or FTS_NO_TEST */
	double running_since;  /* now_seconds() */
	size_t begun;          /* how many tests have begun in this attempt */
	unsigned threads_seen; /* the most threads that a test ran in */
	bool slice_end;        /* the record came that ends the slice */
	bool uncertain;        /* control records were lost: one that did not come proves nothing */
	pid_t pid;             /* 0 = not forked yet */
	double forked, progressed; /* when it was forked, and last made progress: now_seconds() */
	enum kill_reason killed;
	bool crashed; /* a crash record came */
	uint32_t crash_tid;
	uint64_t crash_nanoseconds; /* when, as records have it */
	struct fts_crash crash;
	struct fts_crash_place crash_places[FTS_CRASH_PLACES];
	size_t crash_place_count;
	/* Of a test that is explored (runner/plan/schedules.h). */
	uint32_t schedule_flags;
	struct fts_touch *touches;
	size_t touch_count, touch_capacity;
	struct test_failure *failures;
	size_t failure_count, failure_capacity;
};

/* `plan` belongs to the trial from here on; `tests` are the suite's. */
struct trial *trial_new(struct trial_plan *plan, struct replay_token token, double budget,
			const struct plan_test *tests);
void trial_free(struct trial *trial);

/*
 * To be called before an attempt is sent: sets those of its tests apart that need the GIL. If all
 * do, it becomes an attempt with the GIL. `needs_gil`: for each test of the suite.
 */
void trial_set_apart(struct trial *trial, const bool *needs_gil, const struct plan_test *tests);

/* Is it an iteration of the plan? Checks, rechecks and measurements are not, and do not count. */
bool trial_counts(const struct trial *trial);

/* Learns from the records of the iteration's process; those of other processes are ignored. */
void trial_take(struct trial *trial, const uint8_t *records, size_t length);

/*
 * The attempt runs in this process, as the zygote says. False: that can't be. The process is killed
 * by this number later, and kill() takes some numbers for many processes at once.
 */
bool trial_started(struct trial *trial, int64_t pid);

/*
 * Starts the next attempt, with the tests that have not begun. Returns false if there are none, or
 * if they never begin (FRUITLESS_MAX).
 */
bool trial_continue(struct trial *trial, const struct plan_test *tests);

/* How many tests of the iteration have begun, in all attempts. */
size_t trial_begun(const struct trial *trial);

/* The id of the test that was running, and so is blamed for what the process did; or NULL. */
const char *trial_blamed(const struct trial *trial);

/* How long test `i` of the attempt took; until now, if it still runs; 0 = it has not begun. */
double trial_seconds(const struct trial *trial, size_t i);

struct iteration_context trial_context(const struct trial *trial, unsigned zygote,
				       pid_t zygote_pid);

#endif
