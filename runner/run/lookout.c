/* lookout.c - see lookout.h. */
#include "runner/run/lookout.h"

#include <linux/futex.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "runner/base/util.h"
#include "runner/run/attempt.h"
#include "runner/run/control.h"
#include "runner/run/measure.h"
#include "runner/run/pairs.h"
#include "runner/run/recheck.h"
#include "runner/trial/collect.h"

#define HELLO_PATIENCE 180.0 /* seconds until a zygote that does not come up is given up */
#define START_PATIENCE 600.0 /* ... that does not fork: it may have to import a lot first */
#define LONG_ITERATION 5.0   /* seconds from which it is shown how far an iteration is */
#define LONG_TEST 10.0       /* seconds from which a test that runs is named */

static double patience(double asked, double usual)
{
	return asked > 0 ? asked : usual;
}

static void release_crashed(struct worker *worker)
{
	uint32_t *done = &worker->arena.shared->crash_done;
	__atomic_store_n(done, 1, __ATOMIC_RELEASE);
	syscall(SYS_futex, done, FUTEX_WAKE, INT32_MAX, NULL, NULL, 0);
}

/* A note of the guard's, or NULL. */
static void take_note(struct pool *pool, char *text)
{
	if (text)
		news_note(&pool->news, "%s", text);
	free(text);
}

/* The time of the run is over, and the trial has had its grace. */
static void end_for_time(struct pool *pool, struct trial *trial)
{
	const char *test = trial_blamed(trial);
	double duration = pool->options->settings->duration;
	if (test)
		news_note(&pool->news,
			  "%s was ended after %.0f s, unfinished: --duration (%g s) was over; give "
			  "it more time, or skip it with `skip = %s` in [suite]",
			  test, now_seconds() - trial->running_since, duration, test);
	else
		news_note(&pool->news,
			  "an iteration was ended between its tests: --duration (%g s) was over",
			  duration);
	trial->killed = KILL_DURATION;
	if (kill(-trial->pid, SIGKILL) < 0)
		kill(trial->pid, SIGKILL);
}

/* The thread that waits for us in its handler of a fatal signal; 0 = none. */
static uint32_t crashed_thread(const struct worker *worker)
{
	return __atomic_load_n(&worker->arena.shared->crash_tid, __ATOMIC_ACQUIRE);
}

/*
 * Looks at the process of an attempt; its records are in the trial. `crashed`: crashed_thread()
 * before they were taken. `names`: NULL = the collator can't be asked now.
 */
static void look_at(struct pool *pool, struct job *job, struct worker *worker, uint32_t crashed,
		    const struct heap_names *names)
{
	struct trial *trial = job->trial;
	double now = now_seconds();
	if (crashed && !(trial->crashed && trial->crash_tid == crashed))
		release_crashed(worker); /* a child of the test's: none of our business */
	if (trial->forked <= 0 || trial->killed)
		return;
	if (trial->crashed && !job->guard.looked_at) {
		take_note(pool, guard_crash(&job->guard, trial));
		release_crashed(worker);
		trial->progressed = now;
		return;
	}
	bool unwanted = trial->measures && !measure_is_wanted(pool->measure, now);
	if (unwanted || (trial->as_written && now - trial->forked > RECHECK_SECONDS)) {
		trial->killed = KILL_INTERRUPT;
		kill(-trial->pid, SIGKILL);
		worker->since = now;
		return;
	}
	if (pool_end_of(pool, trial) > 0 && now > pool_end_of(pool, trial)) {
		end_for_time(pool, trial);
		worker->since = now;
		return;
	}
	struct guard_limits limits = pool_guard_limits(pool, trial);
	job->settling = true; /* names may take long */
	take_note(pool, guard_look(&job->guard, &limits, names, trial, now));
	job->settling = false;
	if (job->guard.livelock.suspect && !trial->killed)
		measure_want(pool->measure, trial, now);
	if (trial->killed)
		worker->since = now; /* its end is waited for */
}

/* What has to be looked at without an event, for a job whose iteration runs. */
static void look_after(struct pool *pool, struct job *job)
{
	struct trial *trial = job->trial;
	struct worker *worker = job_worker(job, trial);
	struct iteration_context context = attempt_context(worker, trial);
	struct heap_names names = { pool_collator(pool, worker), &context };
	uint32_t crashed = crashed_thread(worker);
	attempt_drain(pool, job, worker);
	bool waits = trial->forked <= 0 || trial->killed;
	look_at(pool, job, worker, crashed, &names);
	if (waits &&
	    now_seconds() - worker->since > patience(pool->options->start_patience, START_PATIENCE))
		control_drop(pool, job, worker, "it did not start an iteration in time");
}

/* meanwhile_look: all that does not wait until the collator has time. */
void lookout_meanwhile(void *context)
{
	struct pool *pool = context;
	for (unsigned i = 0; i < pool->job_count; i++) {
		struct job *job = &pool->jobs[i];
		for (size_t w = 0; w < WORKER_KINDS && !job->settling; w++) {
			struct worker *worker = &job->workers[w];
			if (worker->state == WORKER_OFF)
				continue;
			struct trial *trial = job_trial(job, worker);
			uint32_t crashed = crashed_thread(worker);
			worker_read_output(worker);
			worker_collect(worker, trial);
			if (trial && trial->pid)
				look_at(pool, job, worker, crashed, NULL);
		}
	}
}

/* The test that has run for the longest. */
static void tell_slow(struct progress_state *state, const struct trial *trial)
{
	const char *test = trial_blamed(trial);
	double seconds = test ? trial_seconds(trial, trial->running) : 0;
	if (seconds < LONG_TEST || (state->slow_test && seconds < state->slow_seconds))
		return;
	state->slow_test = test;
	state->slow_seconds = seconds;
}

/* Where the iterations are that run now, as long as nothing else tells that the run goes on. */
static void count_running(struct pool *pool, double now)
{
	struct progress_state *state = &pool->state;
	bool wanted = state->done == state->before;
	state->slice_begun = state->slice_tests = 0;
	state->slow_test = NULL;
	state->ends_in = 0;
	for (unsigned i = 0; i < pool->options->jobs; i++) {
		const struct job *job = &pool->jobs[i];
		if (!job->sent || !trial_counts(job->trial) || job->trial->forked <= 0)
			continue;
		wanted = wanted || now - job->trial->forked > LONG_ITERATION;
		state->slice_begun += trial_begun(job->trial);
		state->slice_tests += job->trial->plan.test_count;
		tell_slow(state, job->trial);
		double left = pool_end_of(pool, job->trial) - now;
		if (pool_out_of_time(pool) && left > state->ends_in)
			state->ends_in = left;
	}
	wanted = wanted || state->slow_test;
	if (!wanted)
		state->slice_tests = 0;
}

/* Is there nothing else to do than to wait for the corpus of the pairs? */
static bool is_waiting_for_pairs(const struct pool *pool)
{
	for (unsigned i = 0; i < pool->options->jobs; i++)
		if (pool->jobs[i].trial)
			return false;
	return true;
}

/* What waits for its process to be measured need not, if nobody wants it any more. */
static void end_measuring(struct pool *pool, double now)
{
	struct job *job = pool_measuring(pool);
	if (!job->trial || job->sent || measure_is_wanted(pool->measure, now))
		return;
	trial_free(job->trial);
	job->trial = NULL;
}

void lookout_tick(struct pool *pool)
{
	double now = now_seconds();
	end_measuring(pool, now);
	for (unsigned i = 0; i < pool->job_count; i++) {
		struct job *job = &pool->jobs[i];
		if (job->sent)
			look_after(pool, job);
		for (size_t w = 0; w < WORKER_KINDS; w++) {
			struct worker *worker = &job->workers[w];
			if (worker->state == WORKER_STARTING &&
			    now - worker->since >
				    patience(pool->options->hello_patience, HELLO_PATIENCE))
				control_drop(pool, job, worker, "it did not answer in time");
			else if (worker->state == WORKER_STARTING || worker->state == WORKER_READY)
				attempt_drain(pool, job, worker);
		}
	}
	pairs_look(pool->options->pairs, pool->result);
	count_running(pool, now);
	if (is_waiting_for_pairs(pool))
		progress_step(pool->options->progress,
			      "making out of the tests what pairs of calls need", 0, 0);
	else
		progress_show(pool->options->progress, &pool->state);
}
