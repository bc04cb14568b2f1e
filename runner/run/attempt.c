/*
 * attempt.c - see attempt.h.
 *
 *   start_trial ─► send_attempt ─► "started" ... "ended" ─► attempt_finish ─┬─► send_attempt
 *                     ▲                                                     └─► finish_trial
 *                     └── the worker's "hello", when it had to be started first
 */
#include "runner/run/attempt.h"

#include <stdlib.h>
#include <string.h>

#include "runner/base/meanwhile.h"
#include "runner/base/util.h"
#include "runner/run/explore.h"
#include "runner/run/failing.h"
#include "runner/run/hunt.h"
#include "runner/run/measure.h"
#include "runner/run/pairs.h"
#include "runner/run/recheck.h"
#include "runner/run/tally.h"
#include "runner/run/verify.h"
#include "runner/trial/collect.h"

struct feeding {
	struct collator *collator;
	struct iteration_context context;
};

static void feed_records(void *arg, const uint8_t *records, size_t length)
{
	struct feeding *feeding = arg;
	collator_feed(feeding->collator, &feeding->context, records, length);
	meanwhile();
}

struct iteration_context attempt_context(const struct worker *worker, const struct trial *trial)
{
	if (trial)
		return trial_context(trial, worker->number, worker->pid);
	return (struct iteration_context){ .zygote = worker->number,
					   .zygote_pid = worker->pid,
					   .gil = worker->kind == WORKER_GIL };
}

/* All records that there are go to trial and collator. */
void attempt_drain(struct pool *pool, struct job *job, struct worker *worker)
{
	struct trial *trial = job_trial(job, worker);
	struct collator *collator = pool_collator(pool, worker);
	struct feeding feeding = { collator, attempt_context(worker, trial) };
	uint64_t limits[FTS_LIMIT_COUNT];
	bool all;
	do {
		all = worker_collect(worker, trial);
		struct arena_lost lost = held_take(&worker->held, feed_records, &feeding);
		if (lost.records)
			collator_lost(collator, &feeding.context, lost);
	} while (!all);
	if (arena_limits(&worker->arena, limits))
		collator_limits(collator, limits);
}

void pool_announce(struct pool *pool)
{
	news_findings(&pool->news);
	struct collate_counters counters = collator_counters(pool->options->collator);
	pool->state.findings_new = counters.by_status[STATUS_NEW];
	pool->state.findings_known = counters.by_status[STATUS_KNOWN];
}

json_t *attempt_ids(const struct trial *trial)
{
	json_t *list = json_array();
	for (size_t i = 0; i < trial->count; i++)
		json_array_append_new(list, json_string(trial->ids[i]));
	return list;
}

/* No test begins after the time of the run is over, but for the first. */
static void limit_budget(const struct pool *pool, struct trial *trial)
{
	double left = pool->deadline - now_seconds();
	if (pool->deadline > 0 && !trial->as_written && trial->budget > left)
		trial->budget = left > BUDGET_LEAST ? left : BUDGET_LEAST;
}

static void send_attempt(struct pool *pool, struct job *job)
{
	struct trial *trial = job->trial;
	struct worker *worker = job_worker(job, trial);
	limit_budget(pool, trial);
	attempt_drain(pool, job, worker); /* what it wrote while it was idle */
	arena_recycle(&worker->arena);
	worker_read_output(worker);
	output_clear(&worker->printed);
	worker->state = WORKER_BUSY;
	worker->since = now_seconds();
	job->sent = true;
	guard_begin(&job->guard, worker->since);
	json_t *message =
		json_pack("{s:s, s:I, s:I, s:i, s:f, s:f, s:s, s:o}", "op", "run", "iteration",
			  (json_int_t)trial->plan.iteration, "seed", (json_int_t)trial->plan.seed,
			  "threads", (int)trial->plan.threads, "switch_interval",
			  trial->plan.switch_interval, "budget", trial->budget, "schedule",
			  schedule_text(trial->plan.schedule), "tests", attempt_ids(trial));
	if (trial->plan.python_races)
		json_object_set_new(message, "python_races", json_true());
	if (trial->plan.explored)
		json_object_set_new(message, "switches",
				    json_integer((json_int_t)trial->plan.switches));
	worker_send(worker, message);
}

int attempt_start_worker(struct pool *pool, struct worker *worker)
{
	collator_zygote(pool_collator(pool, worker), worker->number);
	return worker_start(worker, worker->kind == WORKER_PAIRS
					    ? pairs_launch(pool->options->pairs)
					    : pool->options->launch);
}

void attempt_retire(struct pool *pool, struct job *job, struct worker *worker)
{
	attempt_drain(pool, job, worker);
	worker_stop(worker);
	collator_zygote_end(pool_collator(pool, worker), worker->number);
}

int attempt_place(struct pool *pool, struct job *job)
{
	if (!job->trial->pairs)
		trial_set_apart(job->trial, pool->needs_gil, pool->options->tests);
	struct worker *worker = job_worker(job, job->trial);
	if (worker->gil_came && worker->state == WORKER_READY)
		attempt_retire(pool, job, worker);
	if (worker->state == WORKER_OFF)
		return attempt_start_worker(pool, worker);
	if (worker->state == WORKER_READY)
		send_attempt(pool, job);
	return 0;
}

int attempt_start_trial(struct pool *pool, struct job *job)
{
	job->trial = job_take_next(pool, job);
	job->sent = false;
	return job->trial ? attempt_place(pool, job) : 0;
}

int attempt_announce_next(struct pool *pool, struct job *job)
{
	/* What it hunts next depends on what comes now. */
	if (job->next || pool->options->hunt || job == pool_measuring(pool))
		return 0;
	job->next = pool_plan_next(pool);
	if (!job->next)
		return 0;
	if (!job->next->pairs)
		trial_set_apart(job->next, pool->needs_gil, pool->options->tests);
	struct worker *worker = job_worker(job, job->next);
	if (worker->gil_came)
		return 0; /* it is started anew when it is needed */
	if (worker->state == WORKER_OFF)
		return attempt_start_worker(pool, worker);
	if (worker->state != WORKER_STARTING)
		worker_send(worker, json_pack("{s:s, s:o}", "op", "prefetch", "tests",
					      attempt_ids(job->next)));
	return 0;
}

void pool_store_progress(struct pool *pool, const struct trial *trial)
{
	if (pool->options->hunt)
		hunt_look(pool->options->hunt);
	int code = tally_store(pool->tally, trial);
	if (!pool->code)
		pool->code = code;
}

static void finish_trial(struct pool *pool, struct job *job)
{
	struct trial *trial = job->trial;
	job->trial = NULL;
	job->sent = false;
	if (trial->measures) {
		trial_free(trial);
		return;
	}
	tally_trial(pool->tally, trial);
	if (pool->options->explore)
		explore_take(pool->options->explore, trial);
	if (pool->options->hunt && trial_counts(trial))
		hunt_took(pool->options->hunt, trial);
	if (trial->pairs)
		pairs_done(pool->options->pairs, trial, pool->result);
	pool->state.done += trial_counts(trial) && !trial->pairs;
	pool_store_progress(pool, trial);
	trial_free(trial);
}

void pool_count_tests(struct pool *pool, const struct trial *trial)
{
	tally_tests(pool->tally, trial);
	pool->state.tests = pool->result->tests_run;
}

struct guard_limits pool_guard_limits(const struct pool *pool, const struct trial *trial)
{
	double timeout = trial->pairs ? PAIRS_TIMEOUT : pool->options->settings->timeout;
	return (struct guard_limits){ timeout, pool->options->memory,
				      measure_of(pool->measure, trial) };
}

static void judge(struct pool *pool, struct job *job, const struct worker *worker,
		  const struct iteration_context *context, int status)
{
	char *output = output_text(&worker->printed);
	struct guard_limits limits = pool_guard_limits(pool, job->trial);
	struct guard_end end = { context, pool_collator(pool, worker), status, output };
	guard_judge(&job->guard, &limits, job->trial, &end);
	free(output);
}

bool pool_run_apart(struct pool *pool, size_t test, bool whole_file)
{
	const struct plan_test *tests = pool->options->tests;
	size_t moved = 0;
	for (size_t i = 0; i < pool->options->test_count; i++) {
		bool with = i == test || (whole_file && !strcmp(tests[i].file, tests[test].file));
		moved += with && !pool->needs_gil[i];
		pool->needs_gil[i] = pool->needs_gil[i] || with;
	}
	if (moved)
		news_note(
			&pool->news,
			"%s (%zu test%s) runs apart, with the GIL, since it imports what switches "
			"the GIL on; --gil off keeps it off",
			whole_file ? tests[test].file : tests[test].id, moved,
			moved == 1 ? "" : "s");
	return moved > 0;
}

void pool_run_all_apart(struct pool *pool)
{
	memset(pool->needs_gil, true, pool->options->test_count);
	news_note(&pool->news, "all tests run with the GIL, since what the suite imports first "
			       "switches it on; --gil off keeps it off");
}

void attempt_finish(struct pool *pool, struct job *job, struct worker *worker, int status)
{
	struct trial *trial = job->trial;
	job->settling = true;
	worker_kill_strays(worker);
	worker_read_output(worker);
	attempt_drain(pool, job, worker);
	struct iteration_context context = trial_context(trial, worker->number, worker->pid);
	/* Threads that wait for each other can't run one by one: that is no finding. */
	if (trial->plan.schedule != SCHEDULE_ONE_BY_ONE)
		judge(pool, job, worker, &context, status);
	if (!trial->measures)
		pool_count_tests(pool, trial);
	/* A test whose objects are shared may fail: it was not written for that. */
	bool of_suite = !trial->as_written && !trial->measures && !trial->pairs &&
			!pool->options->settings->share;
	if (of_suite)
		failing_take(pool->failing, trial);
	if (of_suite)
		verifier_take(pool->verifier, pool->options->collator, &context, trial);
	collator_iteration_end(pool_collator(pool, worker), &context);
	if (trial->as_written)
		recheck_take(pool->recheck, trial);
	if (trial->measures)
		measure_take(pool->measure, trial);
	guard_forget(&job->guard);
	if (trial->gil_for < trial->count && !trial->gil && !trial->pairs)
		pool_run_apart(pool, trial->tests[trial->gil_for], false);
	pool_announce(pool);
	/* The time that the blamed test took is not at the expense of those behind it. */
	double used = trial->forked > 0 ? trial->progressed - trial->forked : 0;
	trial->budget = trial->budget - used > BUDGET_LEAST ? trial->budget - used : BUDGET_LEAST;
	trial->forked = 0;
	job->sent = job->settling = false;
	bool goes_on = !pool->stopping && trial_counts(trial) && trial->killed != KILL_DURATION;
	if (goes_on && trial_continue(trial, pool_tests(pool, trial))) {
		pool_store_progress(pool, NULL);
		int code = attempt_place(pool, job); /* or drop_worker starts the worker again */
		if (!pool->code)
			pool->code = code;
		return;
	}
	finish_trial(pool, job);
}
