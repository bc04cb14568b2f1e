/*
 * trial.h - one iteration: which of its tests ran, and how.
 *
 * An iteration is one or more attempts: when a test takes the process down, the tests behind it go
 * on in a new process, with the same number and token.
 *
 *     slice    a b c d e
 *     attempt  a b c†            c is blamed
 *     attempt        d e         indices in records count from d
 *
 * Tests whose import switches the GIL on would take the others' threads their overlap: they run
 * apart, after them, in a zygote that has the GIL on.
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

#define BUDGET_LEAST 1.0 /* seconds for what is behind a test that took the process down */

enum test_state {
	TEST_WAITING,
	TEST_BEGUN,
	TEST_ENDED,
	TEST_NOT_RUN, /* the time was over, or it could not be collected */
};

/* What a thread of a test raised. */
struct test_failure {
	uint32_t index;           /* in the attempt */
	uint16_t thread, threads; /* as in struct fts_test_fail */
	char *type, *message, *traceback;
};

/*
 * Why the runner killed the process. KILL_HANG: it did nothing; KILL_SLOW: it computed all the
 * time; KILL_PARENT: the test had killed the zygote; KILL_DURATION: the time of the run was over.
 */
enum kill_reason {
	KILL_NONE,
	KILL_MEMORY,
	KILL_HANG,
	KILL_SLOW,
	KILL_INTERRUPT,
	KILL_PARENT,
	KILL_DURATION,
};

struct trial {
	struct trial_plan plan;
	bool check;      /* one test in turns, to see whether it passes there; see verify.h */
	bool as_written; /* one test with the order as written; see recheck.h */
	char *token;
	unsigned attempts, fruitless; /* fruitless: attempts in a row that began no test */
	double budget;                /* seconds left; BUDGET_LEAST when there was no time left */
	size_t *apart;                /* tests that wait for an attempt with the GIL */
	size_t apart_count;

	/* The present attempt. */
	bool gil;         /* in a zygote with the GIL */
	uint32_t gil_for; /* index of the test that switched it on, or FTS_NO_TEST */
	size_t *tests;    /* indices of the suite's tests */
	const char **ids; /* the same as ids; borrowed from the suite's tests */
	size_t count;
	enum test_state *states;
	uint16_t *outcomes;    /* enum fts_outcome of TEST_ENDED */
	uint16_t *threads;     /* in how many threads it ran, of those that have begun */
	double *seconds;       /* that a test of TEST_ENDED took */
	uint32_t running;      /* index of the test that has begun, or FTS_NO_TEST */
	double running_since;  /* now_seconds() */
	size_t begun;          /* tests that began in this attempt */
	unsigned threads_seen; /* most threads a test ran in */
	bool slice_end;
	bool uncertain; /* records of control were lost: what is missing proves nothing */
	pid_t pid;      /* 0 = not forked yet */
	double forked, progressed; /* now_seconds() */
	enum kill_reason killed;
	bool crashed; /* a crash record came */
	uint32_t crash_tid;
	struct fts_crash crash;
	struct test_failure *failures;
	size_t failure_count, failure_capacity;
};

/* Takes over `plan`; `tests` are the suite's. */
struct trial *trial_new(struct trial_plan *plan, struct replay_token token, double budget,
			const struct plan_test *tests);
void trial_free(struct trial *trial);

/*
 * Before an attempt is sent: puts those of its tests aside that need the GIL; if all do, it becomes
 * an attempt with the GIL. `needs_gil`: of each test of the suite.
 */
void trial_set_apart(struct trial *trial, const bool *needs_gil, const struct plan_test *tests);

/* Is it an iteration of the plan? Others are not counted. */
bool trial_counts(const struct trial *trial);

/* Looks at the records of the iteration's own process; those of others are ignored. */
void trial_take(struct trial *trial, const uint8_t *records, size_t length);

/*
 * The zygote says that the attempt runs in this process. False: no process of a test can have that
 * number. It is killed by it later, and kill() takes 0 and 1 for many processes at once.
 */
bool trial_started(struct trial *trial, int64_t pid);

/*
 * Starts the next attempt with the tests that did not come to their turn, without the one that is
 * blamed. Returns false if there are none, or none that would ever begin.
 */
bool trial_continue(struct trial *trial, const struct plan_test *tests);

/* How many tests of the iteration have begun, in all attempts. */
size_t trial_begun(const struct trial *trial);

/* Id of the test that was running, or NULL. */
const char *trial_blamed(const struct trial *trial);

/* How long the attempt's test `i` took, until now if it still runs; 0 = it did not begin. */
double trial_seconds(const struct trial *trial, size_t i);

struct iteration_context trial_context(const struct trial *trial, unsigned zygote,
				       pid_t zygote_pid);

#endif
