/*
 * pool.c - see pool.h.
 *
 *   start_trial ─► send_attempt ─► "started" ... "ended" ─► finish_attempt ─┬─► send_attempt
 *                     ▲                                                     └─► finish_trial
 *                     └── the worker's "hello", when it had to be started first
 */
#include "runner/run/pool.h"

#include <inttypes.h>
#include <linux/futex.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "runner/base/meanwhile.h"
#include "runner/trial/collect.h"
#include "runner/trial/ending.h"
#include "runner/trial/message.h"
#include "runner/verdict/guard.h"
#include "runner/run/failing.h"
#include "runner/run/news.h"
#include "runner/run/recheck.h"
#include "runner/run/tally.h"
#include "runner/model/matrix.h"
#include "runner/trial/trial.h"
#include "runner/base/util.h"
#include "runner/run/verify.h"

#define TICK (MEANWHILE_MS * 1e-3) /* seconds between looks at the rings */
#define HELLO_PATIENCE 180.0       /* seconds until a zygote that does not come up is given up */
#define START_PATIENCE 600.0       /* ... that does not fork: it may have to import a lot first */
#define LONG_ITERATION 5.0         /* seconds from which it is shown how far an iteration is */
#define MESSAGES_MAX 1000          /* of a zygote in one turn of the loop */
#define FAILURES_MAX 3             /* zygotes in a row that come to nothing */
#define LONG_TEST 10.0             /* seconds from which a test that runs is named */

/*
 * When --duration is over, what runs is given so much of it to come to its end, in seconds; an
 * iteration has at least that, however late it began.
 */
#define GRACE_SHARE 0.1
#define GRACE_LEAST 5.0
#define GRACE_MOST 60.0

struct job {
	struct worker workers[WORKER_KINDS];
	struct trial *trial; /* that runs, or waits for its worker */
	struct trial *next;  /* announced */
	bool sent;           /* the attempt was given to the worker */
	bool settling;       /* in the middle of a judgement: nobody looks at it meanwhile */
	struct guard guard;  /* over the attempt's process */
};

struct pool {
	const struct pool_options *options;
	struct pool_result *result;
	struct job *jobs;
	struct verifier *verifier;
	struct failing *failing;
	bool *needs_gil;         /* of each test: its import switches the GIL on */
	struct recheck *recheck; /* NULL: races are not tried with the order as written */
	uint64_t next_iteration, end_iteration; /* end 0 = none */
	struct tally *tally;
	struct news news;
	struct progress_state state;
	double deadline; /* 0 = none */
	bool stopping;
	int code;
};

static double patience(double asked, double usual)
{
	return asked > 0 ? asked : usual;
}

static struct worker *worker_of(struct job *job, const struct trial *trial)
{
	return &job->workers[trial->as_written ? WORKER_AS_WRITTEN
			     : trial->gil      ? WORKER_GIL
					       : WORKER_PLAIN];
}

/* Who takes the worker's records. */
static struct collator *collator_of(const struct pool *pool, const struct worker *worker)
{
	return worker->kind == WORKER_AS_WRITTEN ? pool->options->as_written
						 : pool->options->collator;
}

/* --- records ------------------------------------------------------------------------------- */

/* The trial whose attempt the worker runs, or NULL. */
static struct trial *trial_of(struct job *job, const struct worker *worker)
{
	return job->sent && job->trial && worker == worker_of(job, job->trial) ? job->trial : NULL;
}

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

static struct iteration_context context_of(const struct worker *worker, const struct trial *trial)
{
	if (trial)
		return trial_context(trial, worker->number, worker->pid);
	return (struct iteration_context){ .zygote = worker->number,
					   .zygote_pid = worker->pid,
					   .gil = worker->kind == WORKER_GIL };
}

/* All records that there are go to trial and collator. */
static void drain(struct pool *pool, struct job *job, struct worker *worker)
{
	struct trial *trial = trial_of(job, worker);
	struct collator *collator = collator_of(pool, worker);
	struct feeding feeding = { collator, context_of(worker, trial) };
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

static void announce(struct pool *pool)
{
	news_findings(&pool->news);
	struct collate_counters counters = collator_counters(pool->options->collator);
	pool->state.findings_new = counters.by_status[STATUS_NEW];
	pool->state.findings_known = counters.by_status[STATUS_KNOWN];
}

/* --- trials -------------------------------------------------------------------------------- */

static bool out_of_time(const struct pool *pool)
{
	return pool->deadline > 0 && now_seconds() >= pool->deadline;
}

static double grace_of(const struct pool *pool)
{
	double grace = pool->options->settings->duration * GRACE_SHARE;
	return grace < GRACE_LEAST ? GRACE_LEAST : grace > GRACE_MOST ? GRACE_MOST : grace;
}

/* When a trial that was forked is ended, whatever it does; 0 = never. */
static double end_of(const struct pool *pool, const struct trial *trial)
{
	if (pool->deadline <= 0 || trial->as_written)
		return 0;
	return (trial->forked > pool->deadline ? trial->forked : pool->deadline) + grace_of(pool);
}

/* Failures of the last iterations are looked at in the time of grace, too. */
static struct trial *verify_next(struct pool *pool)
{
	if (pool->deadline > 0 && now_seconds() >= pool->deadline + grace_of(pool))
		return NULL;
	return verifier_next(pool->verifier);
}

/* The next planned trial, or NULL if there is none. */
static struct trial *plan_next(struct pool *pool)
{
	const struct pool_options *options = pool->options;
	if (pool->stopping || out_of_time(pool) ||
	    (pool->end_iteration && pool->next_iteration >= pool->end_iteration))
		return NULL;
	struct trial_plan plan;
	struct replay_token token = plan_iteration(options->plan, options->settings,
						   &options->start, pool->next_iteration++, &plan);
	return trial_new(&plan, token, options->settings->budget, options->tests);
}

/*
 * What this job does next: a test to be checked, what was announced, or another job's; when all
 * are done, a race with the order as written.
 */
static struct trial *take_next(struct pool *pool, struct job *job)
{
	if (pool->stopping)
		return NULL;
	struct trial *trial = verify_next(pool);
	if (!trial && job->next && !out_of_time(pool)) {
		trial = job->next;
		job->next = NULL;
	}
	if (!trial)
		trial = plan_next(pool);
	for (unsigned i = 0; !trial && !out_of_time(pool) && i < pool->options->jobs; i++) {
		trial = pool->jobs[i].next;
		pool->jobs[i].next = NULL;
	}
	if (!trial && pool->recheck) {
		trial = recheck_next(pool->recheck);
		pool->state.rechecking = pool->state.rechecking || trial;
	}
	return trial;
}

static json_t *id_list(const struct trial *trial)
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
	struct worker *worker = worker_of(job, trial);
	limit_budget(pool, trial);
	drain(pool, job, worker); /* what it wrote while it was idle */
	arena_recycle(&worker->arena);
	worker_read_output(worker);
	output_clear(&worker->printed);
	worker->state = WORKER_BUSY;
	worker->since = now_seconds();
	job->sent = true;
	guard_begin(&job->guard, worker->since);
	worker_send(worker,
		    json_pack("{s:s, s:I, s:I, s:i, s:f, s:f, s:s, s:o}", "op", "run", "iteration",
			      (json_int_t)trial->plan.iteration, "seed",
			      (json_int_t)trial->plan.seed, "threads", (int)trial->plan.threads,
			      "switch_interval", trial->plan.switch_interval, "budget",
			      trial->budget, "schedule", schedule_text(trial->plan.schedule),
			      "tests", id_list(trial)));
}

static int start_worker(struct pool *pool, struct worker *worker)
{
	collator_zygote(collator_of(pool, worker), worker->number);
	return worker_start(worker, pool->options->launch);
}

/* Ends a worker that runs no iteration and is of no more use. */
static void retire(struct pool *pool, struct job *job, struct worker *worker)
{
	drain(pool, job, worker);
	worker_stop(worker);
	collator_zygote_end(collator_of(pool, worker), worker->number);
}

/* Sends the job's next attempt to its worker, which is started if it has to be. */
static int place_attempt(struct pool *pool, struct job *job)
{
	trial_set_apart(job->trial, pool->needs_gil, pool->options->tests);
	struct worker *worker = worker_of(job, job->trial);
	if (worker->gil_came && worker->state == WORKER_READY)
		retire(pool, job, worker);
	if (worker->state == WORKER_OFF)
		return start_worker(pool, worker);
	if (worker->state == WORKER_READY)
		send_attempt(pool, job);
	return 0;
}

/* Gives the job something to do, or leaves it idle. */
static int start_trial(struct pool *pool, struct job *job)
{
	job->trial = take_next(pool, job);
	job->sent = false;
	return job->trial ? place_attempt(pool, job) : 0;
}

/* Announces the trial after this one, so that its imports happen meanwhile. */
static int announce_next(struct pool *pool, struct job *job)
{
	if (job->next)
		return 0;
	job->next = plan_next(pool);
	if (!job->next)
		return 0;
	trial_set_apart(job->next, pool->needs_gil, pool->options->tests);
	struct worker *worker = worker_of(job, job->next);
	if (worker->gil_came)
		return 0; /* it is started anew when it is needed */
	if (worker->state == WORKER_OFF)
		return start_worker(pool, worker);
	if (worker->state != WORKER_STARTING)
		worker_send(worker,
			    json_pack("{s:s, s:o}", "op", "prefetch", "tests", id_list(job->next)));
	return 0;
}

/* Stores what is new since the last time. */
static void store_progress(struct pool *pool, const struct trial *trial)
{
	int code = tally_store(pool->tally, trial);
	if (!pool->code)
		pool->code = code;
}

static void finish_trial(struct pool *pool, struct job *job)
{
	struct trial *trial = job->trial;
	job->trial = NULL;
	job->sent = false;
	tally_trial(pool->tally, trial);
	pool->state.done += trial_counts(trial);
	store_progress(pool, trial);
	trial_free(trial);
}

/* --- the end of an attempt ----------------------------------------------------------------- */

static void count_tests(struct pool *pool, const struct trial *trial)
{
	tally_tests(pool->tally, trial);
	pool->state.tests = pool->result->tests_run;
}

static struct guard_limits limits_of(const struct pool *pool)
{
	return (struct guard_limits){ pool->options->settings->timeout, pool->options->memory };
}

static void judge(struct pool *pool, struct job *job, const struct worker *worker,
		  const struct iteration_context *context, int status)
{
	char *output = output_text(&worker->printed);
	struct guard_limits limits = limits_of(pool);
	struct guard_end end = { context, collator_of(pool, worker), status, output };
	guard_judge(&job->guard, &limits, job->trial, &end);
	free(output);
}

/* This test, or all of its file, needs the GIL from now on. False: that was known. */
static bool run_apart(struct pool *pool, size_t test, bool whole_file)
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

/* What all tests import switched it on. */
static void run_all_apart(struct pool *pool)
{
	memset(pool->needs_gil, true, pool->options->test_count);
	news_note(&pool->news, "all tests run with the GIL, since what the suite imports first "
			       "switches it on; --gil off keeps it off");
}

/* The process is gone: its last records, what its end means, and what comes next. */
static void finish_attempt(struct pool *pool, struct job *job, struct worker *worker, int status)
{
	struct trial *trial = job->trial;
	job->settling = true;
	worker_kill_strays(worker);
	worker_read_output(worker);
	drain(pool, job, worker);
	struct iteration_context context = trial_context(trial, worker->number, worker->pid);
	/* Threads that wait for each other can't run one by one: that is no finding. */
	if (trial->plan.schedule != SCHEDULE_ONE_BY_ONE)
		judge(pool, job, worker, &context, status);
	count_tests(pool, trial);
	if (!trial->as_written)
		failing_take(pool->failing, trial);
	if (!trial->as_written)
		verifier_take(pool->verifier, pool->options->collator, &context, trial);
	collator_iteration_end(collator_of(pool, worker), &context);
	if (trial->as_written)
		recheck_take(pool->recheck, trial);
	guard_forget(&job->guard);
	if (trial->gil_for < trial->count && !trial->gil)
		run_apart(pool, trial->tests[trial->gil_for], false);
	announce(pool);
	/* The time that the blamed test took is not at the expense of those behind it. */
	double used = trial->forked > 0 ? trial->progressed - trial->forked : 0;
	trial->budget = trial->budget - used > BUDGET_LEAST ? trial->budget - used : BUDGET_LEAST;
	trial->forked = 0;
	job->sent = job->settling = false;
	bool goes_on = !pool->stopping && trial_counts(trial) && trial->killed != KILL_DURATION;
	if (goes_on && trial_continue(trial, pool->options->tests)) {
		store_progress(pool, NULL);
		int code = place_attempt(pool, job); /* or drop_worker starts the worker again */
		if (!pool->code)
			pool->code = code;
		return;
	}
	finish_trial(pool, job);
}

/* --- workers that fail --------------------------------------------------------------------- */

static int give_up(struct worker *worker, const char *why)
{
	char *tail = output_last_lines(&worker->printed, 30);
	int code = fail(EXIT_BAD_INPUT, "the suite's process does not come up (%s)%s%s", why,
			*tail ? ". Its last output:\n" : "; it printed nothing", tail);
	free(tail);
	return code;
}

/* Counts a worker that came to nothing, and tells of it. */
static void worker_failed(struct pool *pool, struct worker *worker, const char *why, int status)
{
	if (worker->kind == WORKER_AS_WRITTEN) {
		/* What it can tell is not worth the run. */
		if (++worker->failures >= FAILURES_MAX)
			recheck_stop(pool->recheck);
		return;
	}
	char *text = why ? xstrdup(why) : ending_text(status);
	if (++worker->failures >= FAILURES_MAX && !pool->code)
		pool->code = give_up(worker, text);
	else if (worker->state != WORKER_STARTING || pool->options->settings->verbose)
		news_note(&pool->news, "a worker was started again: %s", text);
	free(text);
}

/*
 * The worker's process is gone, or is not to be trusted (`why` says so): ends it, and what it was
 * doing.
 */
static void drop_worker(struct pool *pool, struct job *job, struct worker *worker, const char *why)
{
	struct trial *trial =
		job->trial && worker == worker_of(job, job->trial) ? job->trial : NULL;
	bool running = trial && job->sent;
	job->settling = true;
	int status = end_child(worker->pid);
	if (running)
		end_iteration(trial->pid);
	drain(pool, job, worker);
	worker_read_output(worker);
	bool by_test = running && !why && trial_blamed(trial);
	if (!by_test)
		worker_failed(pool, worker, why, status);
	worker->state = WORKER_STARTING; /* so that nothing is sent to it */
	if (running) {
		if (!trial->killed)
			trial->killed = by_test ? KILL_PARENT : KILL_INTERRUPT;
		finish_attempt(pool, job, worker, status);
	}
	job->settling = false;
	worker_stop(worker);
	collator_zygote_end(collator_of(pool, worker), worker->number);
	if (worker->kind == WORKER_AS_WRITTEN && job->trial && job->trial->as_written) {
		trial_free(job->trial);
		job->trial = NULL;
	}
	if (!pool->code && job->trial && worker == worker_of(job, job->trial))
		pool->code = start_worker(pool, worker);
}

/* --- messages ------------------------------------------------------------------------------ */

static const char *text_of(const json_t *message, const char *key)
{
	const char *text = json_string_value(json_object_get(message, key));
	return text ? text : "";
}

static int by_id(const void *key, const void *item)
{
	return strcmp(key, ((const struct plan_test *)item)->id);
}

/*
 * Collecting these tests switched the GIL on in the zygote. It forks nothing more; what it forked
 * before goes on without the GIL.
 */
static void on_gil(struct pool *pool, struct job *job, struct worker *worker, const json_t *message)
{
	const struct pool_options *options = pool->options;
	bool moved = false;
	size_t index;
	json_t *id;
	json_array_foreach(json_object_get(message, "tests"), index, id)
	{
		const struct plan_test *test = bsearch(json_string_value(id), options->tests,
						       options->test_count, sizeof *test, by_id);
		if (test)
			moved |= run_apart(pool, (size_t)(test - options->tests), true);
	}
	if (!moved)
		run_all_apart(pool); /* else the next zygote would end in the same way */
	worker->gil_came = true;
	bool ours = job->trial && worker == worker_of(job, job->trial);
	if (ours && job->sent && job->trial->forked > 0)
		return; /* until its iteration has ended */
	retire(pool, job, worker);
	if (!ours)
		return;
	job->sent = false;
	guard_forget(&job->guard);
	int code = place_attempt(pool, job);
	if (!pool->code)
		pool->code = code;
}

static void on_hello(struct pool *pool, struct job *job, struct worker *worker,
		     const json_t *message)
{
	worker->state = WORKER_READY;
	worker->since = now_seconds();
	if (!pool->result->python_version)
		pool->result->python_version = xstrdup(text_of(message, "python"));
	if (worker->kind == WORKER_PLAIN && json_is_true(json_object_get(message, "gil")))
		run_all_apart(pool);
	if (job->trial && !job->sent && worker == worker_of(job, job->trial)) {
		int code = place_attempt(pool, job);
		if (!pool->code)
			pool->code = code;
	} else if (job->next && worker == worker_of(job, job->next))
		worker_send(worker,
			    json_pack("{s:s, s:o}", "op", "prefetch", "tests", id_list(job->next)));
}

static void on_started(struct pool *pool, struct job *job, const json_t *message)
{
	struct trial *trial = job->trial;
	trial_started(trial, json_integer_value(json_object_get(message, "pid")));
	if (trial->forked <= 0) /* else its first records came before */
		trial->forked = trial->progressed = now_seconds();
	pool->state.starting = false;
	int code = announce_next(pool, job);
	if (code && !pool->code)
		pool->code = code;
}

static int suite_error(const struct pool *pool, const char *line, const char *traceback)
{
	bool verbose = pool->options->settings->verbose;
	const char *hint = *traceback ? " (--verbose shows the traceback)" : "";
	return fail(EXIT_BAD_INPUT, "the suite can't be used: %s%s%s", line, verbose ? "\n" : hint,
		    verbose ? traceback : "");
}

static void on_error(struct pool *pool, const json_t *message)
{
	const char *what = text_of(message, "what"), *line = text_of(message, "message");
	const char *traceback = text_of(message, "traceback");
	if (strcmp(what, "suite") == 0) {
		if (!pool->code)
			pool->code = suite_error(pool, line, traceback);
		return;
	}
	news_error(&pool->news, line, traceback);
}

/* Returns why the worker has to be dropped, or NULL. */
static const char *on_message(struct pool *pool, struct job *job, struct worker *worker,
			      const json_t *message)
{
	const char *op = text_of(message, "op");
	const char *fault = message_fault(message, worker, trial_of(job, worker));
	if (pool->options->settings->verbose) {
		char *text = json_dumps(message, JSON_COMPACT);
		warn("worker %u: %s", worker->number, text);
		free(text);
	}
	if (fault)
		return fault;
	if (strcmp(op, "hello") == 0) {
		on_hello(pool, job, worker, message);
	} else if (strcmp(op, "error") == 0) {
		if (worker->kind != WORKER_AS_WRITTEN) /* the others have told it */
			on_error(pool, message);
	} else if (strcmp(op, "gil") == 0) {
		on_gil(pool, job, worker, message);
	} else if (strcmp(op, "started") == 0) {
		on_started(pool, job, message);
	} else if (strcmp(op, "ended") == 0) {
		worker->state = WORKER_READY;
		worker->failures = 0;
		finish_attempt(pool, job, worker,
			       (int)json_integer_value(json_object_get(message, "status")));
	}
	return NULL;
}

/* Bounded, so that a zygote that talks without end does not hold up the others. */
static void read_control(struct pool *pool, struct job *job, struct worker *worker)
{
	bool closed = false;
	json_t *message = NULL;
	worker->more = false;
	for (unsigned i = 0; i < MESSAGES_MAX && worker->state != WORKER_OFF; i++) {
		message = worker_receive(worker, &closed);
		if (!message)
			break;
		const char *fault = on_message(pool, job, worker, message);
		json_decref(message);
		if (fault) {
			drop_worker(pool, job, worker, fault);
			return;
		}
	}
	worker->more = message && worker->state != WORKER_OFF;
	if (closed && worker->state != WORKER_OFF)
		drop_worker(pool, job, worker, worker->broken);
}

/* --- looking at processes ------------------------------------------------------------------ */

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
	if (trial->as_written && now - trial->forked > RECHECK_SECONDS) {
		trial->killed = KILL_INTERRUPT;
		kill(-trial->pid, SIGKILL);
		worker->since = now;
		return;
	}
	if (end_of(pool, trial) > 0 && now > end_of(pool, trial)) {
		end_for_time(pool, trial);
		worker->since = now;
		return;
	}
	struct guard_limits limits = limits_of(pool);
	job->settling = true; /* names may take long */
	take_note(pool, guard_look(&job->guard, &limits, names, trial, now));
	job->settling = false;
	if (trial->killed)
		worker->since = now; /* its end is waited for */
}

/* What has to be looked at without an event, for a job whose iteration runs. */
static void look_after(struct pool *pool, struct job *job)
{
	struct trial *trial = job->trial;
	struct worker *worker = worker_of(job, trial);
	struct iteration_context context = context_of(worker, trial);
	struct heap_names names = { collator_of(pool, worker), &context };
	uint32_t crashed = crashed_thread(worker);
	drain(pool, job, worker);
	bool waits = trial->forked <= 0 || trial->killed;
	look_at(pool, job, worker, crashed, &names);
	if (waits &&
	    now_seconds() - worker->since > patience(pool->options->start_patience, START_PATIENCE))
		drop_worker(pool, job, worker, "it did not start an iteration in time");
}

/* meanwhile_look: all that does not wait until the collator has time. */
static void look_meanwhile(void *context)
{
	struct pool *pool = context;
	for (unsigned i = 0; i < pool->options->jobs; i++) {
		struct job *job = &pool->jobs[i];
		for (size_t w = 0; w < WORKER_KINDS && !job->settling; w++) {
			struct worker *worker = &job->workers[w];
			if (worker->state == WORKER_OFF)
				continue;
			struct trial *trial = trial_of(job, worker);
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
		double left = end_of(pool, job->trial) - now;
		if (out_of_time(pool) && left > state->ends_in)
			state->ends_in = left;
	}
	wanted = wanted || state->slow_test;
	if (!wanted)
		state->slice_tests = 0;
}

static void tick(struct pool *pool)
{
	double now = now_seconds();
	for (unsigned i = 0; i < pool->options->jobs; i++) {
		struct job *job = &pool->jobs[i];
		if (job->sent)
			look_after(pool, job);
		for (size_t w = 0; w < WORKER_KINDS; w++) {
			struct worker *worker = &job->workers[w];
			if (worker->state == WORKER_STARTING &&
			    now - worker->since >
				    patience(pool->options->hello_patience, HELLO_PATIENCE))
				drop_worker(pool, job, worker, "it did not answer in time");
			else if (worker->state == WORKER_STARTING || worker->state == WORKER_READY)
				drain(pool, job, worker);
		}
	}
	count_running(pool, now);
	progress_show(pool->options->progress, &pool->state);
}

/* --- the loop ------------------------------------------------------------------------------ */

struct polled {
	struct pollfd *fds;
	struct job **jobs;
	struct worker **workers;
	size_t count;
};

static void add_fd(struct polled *polled, struct job *job, struct worker *worker, int fd,
		   short events)
{
	if (fd < 0)
		return;
	polled->fds[polled->count] = (struct pollfd){ .fd = fd, .events = events };
	polled->jobs[polled->count] = job;
	polled->workers[polled->count++] = worker;
}

/* Waits for an event, for a tick at the longest, and acts on it. */
static void wait_and_act(struct pool *pool, struct polled *polled)
{
	int timeout = MEANWHILE_MS;
	polled->count = 0;
	for (unsigned i = 0; i < pool->options->jobs; i++) {
		for (size_t w = 0; w < WORKER_KINDS; w++) {
			struct worker *worker = &pool->jobs[i].workers[w];
			timeout = worker->more ? 0 : timeout;
			short out = worker->outgoing.length ? POLLOUT : 0;
			add_fd(polled, &pool->jobs[i], worker, worker->control,
			       (short)(POLLIN | out));
			add_fd(polled, &pool->jobs[i], worker, worker->output, POLLIN);
		}
	}
	if (poll(polled->fds, polled->count, timeout) < 0)
		return;
	for (size_t i = 0; i < polled->count; i++) {
		struct worker *worker = polled->workers[i];
		bool told = polled->fds[i].fd == worker->control && worker->more;
		if ((polled->fds[i].revents == 0 && !told) || worker->state == WORKER_OFF)
			continue;
		if (polled->fds[i].fd == worker->output) {
			worker_read_output(worker);
		} else if (polled->fds[i].fd == worker->control) {
			worker_flush(worker);
			read_control(pool, polled->jobs[i], worker);
		}
	}
}

/* Gives idle jobs work; false when none has any. */
static bool feed_jobs(struct pool *pool)
{
	bool any = false;
	for (unsigned i = 0; i < pool->options->jobs && !pool->code; i++) {
		struct job *job = &pool->jobs[i];
		if (!job->trial)
			pool->code = start_trial(pool, job);
		any = any || job->trial;
	}
	return any;
}

static void loop(struct pool *pool)
{
	size_t most = (size_t)pool->options->jobs * 2 * WORKER_KINDS;
	struct polled polled = { xcalloc(most, sizeof *polled.fds),
				 xcalloc(most, sizeof *polled.jobs),
				 xcalloc(most, sizeof *polled.workers), 0 };
	double looked = 0;
	while (!pool->code && !*pool->options->stop && feed_jobs(pool)) {
		wait_and_act(pool, &polled);
		if (now_seconds() - looked >= TICK) {
			looked = now_seconds();
			tick(pool);
		}
	}
	free(polled.fds);
	free(polled.jobs);
	free(polled.workers);
}

/* What was found by now may take long to be worked on; nothing runs on meanwhile. */
static void end_processes(struct pool *pool)
{
	for (unsigned i = 0; i < pool->options->jobs; i++) {
		struct job *job = &pool->jobs[i];
		for (size_t w = 0; w < WORKER_KINDS; w++) {
			struct worker *worker = &job->workers[w];
			struct trial *trial = trial_of(job, worker);
			if (worker->state == WORKER_OFF)
				continue;
			kill(worker->pid, SIGKILL);
			if (trial)
				end_iteration(trial->pid);
		}
	}
}

/* Ends all processes; keeps what an interrupted iteration had found. */
static void stop_all(struct pool *pool)
{
	pool->stopping = true;
	meanwhile_set(NULL, NULL);
	end_processes(pool);
	for (unsigned i = 0; i < pool->options->jobs; i++) {
		struct job *job = &pool->jobs[i];
		for (size_t w = 0; w < WORKER_KINDS; w++) {
			struct worker *worker = &job->workers[w];
			if (worker->state == WORKER_OFF)
				continue;
			if (trial_of(job, worker)) {
				job->trial->killed = KILL_INTERRUPT;
				struct iteration_context context = context_of(worker, job->trial);
				drain(pool, job, worker);
				count_tests(pool, job->trial);
				if (!job->trial->as_written)
					failing_take(pool->failing, job->trial);
				collator_iteration_end(collator_of(pool, worker), &context);
			}
			guard_forget(&job->guard);
			worker_stop(worker);
			collator_zygote_end(collator_of(pool, worker), worker->number);
		}
		guard_free(&job->guard);
		trial_free(job->trial);
		trial_free(job->next);
	}
	verifier_leave(pool->verifier, pool->options->collator);
	announce(pool);
	store_progress(pool, NULL);
	if (pool->recheck && !pool->result->store_failed) {
		int code = recheck_tell(pool->recheck, pool->options->store);
		if (!pool->code)
			pool->code = code;
	}
}

/* Which tests never passed, for the report and for the next run. */
static void tell_failing(struct pool *pool)
{
	struct pool_result *result = pool->result;
	struct failing_totals totals = failing_totals(pool->failing);
	result->tests_passed = totals.passed;
	result->tests_failing = totals.failing;
	result->failing_test = totals.test ? xstrdup(totals.test) : NULL;
	result->failing_why = totals.why ? xstrdup(totals.why) : NULL;
	result->failing_where = totals.where ? xstrdup(totals.where) : NULL;
	int code = result->store_failed ? 0 : failing_store(pool->failing, pool->options->store);
	if (!pool->code)
		pool->code = code;
}

static void pool_clear(struct pool *pool)
{
	free(pool->jobs);
	tally_free(pool->tally);
	news_clear(&pool->news);
	verifier_free(pool->verifier);
	failing_free(pool->failing);
	free(pool->needs_gil);
	recheck_free(pool->recheck);
}

int pool_run(const struct pool_options *options, struct pool_result *result)
{
	*result = (struct pool_result){ 0 };
	const struct settings *settings = options->settings;
	struct pool pool = { .options = options,
			     .result = result,
			     .jobs = xcalloc(options->jobs, sizeof *pool.jobs),
			     .needs_gil = xcalloc(options->test_count, sizeof *pool.needs_gil),
			     .failing = failing_new(options->tests, options->test_count),
			     .next_iteration = options->first_iteration,
			     .end_iteration = settings->iterations,
			     .tally = tally_new(options, result),
			     .news = { .collator = options->collator,
				       .quiet = settings->quiet,
				       .verbose = settings->verbose } };
	pool.verifier = verifier_new(options->tests, options->test_count, pool.failing);
	pool.code = failing_load(pool.failing, options->store);
	if (options->as_written)
		pool.recheck = recheck_new(
			&(struct recheck_options){ .tests = options->tests,
						   .test_count = options->test_count,
						   .findings = options->collator,
						   .own = options->as_written,
						   .threads = settings->threads_max,
						   .switch_interval = settings->interval_min,
						   .total = RECHECK_TOTAL,
						   .share = RECHECK_SHARE });
	pool.state = (struct progress_state){ .starting = true,
					      .before = options->first_iteration,
					      .done = options->first_iteration,
					      .total = settings->iterations,
					      .started = now_seconds(),
					      .duration = settings->duration };
	if (settings->duration > 0)
		pool.deadline = now_seconds() + settings->duration;
	for (unsigned i = 0; i < options->jobs; i++)
		for (unsigned w = 0; w < WORKER_KINDS; w++)
			worker_init(&pool.jobs[i].workers[w], i * WORKER_KINDS + w,
				    (enum worker_kind)w);
	/* Processes that an iteration leaves behind become ours, so that they can be ended. */
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	meanwhile_set(look_meanwhile, &pool);
	loop(&pool);
	result->interrupted = *options->stop != 0;
	stop_all(&pool);
	tally_slowest(pool.tally);
	tell_failing(&pool);
	if (!pool.code && !result->interrupted && !result->tests_run && pool.news.first_error)
		pool.code = fail(EXIT_BAD_INPUT, "no test could be run: %s", pool.news.first_error);
	int code = pool.code;
	pool_clear(&pool);
	return code;
}

void pool_result_clear(struct pool_result *result)
{
	free(result->python_version);
	free(result->failing_test);
	free(result->failing_why);
	free(result->failing_where);
	matrix_free(result->matrix);
	*result = (struct pool_result){ 0 };
}
