/*
 * pool.c - see pool.h.
 *
 *   start_trial ─► send_attempt ─► "started" ... "ended" ─► finish_attempt ─┬─► send_attempt
 *                     ▲                                                     └─► finish_trial
 *                     └── the worker's "hello", when it had to be started first
 */
#include "runner/pool.h"

#include <errno.h>
#include <inttypes.h>
#include <linux/futex.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "runner/deadlock.h"
#include "runner/faults.h"
#include "runner/trial.h"
#include "runner/util.h"
#include "runner/verify.h"
#include "runner/watch.h"

#define TICK 0.05            /* seconds between looks at the rings */
#define FOLLOWERS_EVERY 0.5  /* seconds between looks at an iteration's children */
#define HELLO_PATIENCE 180.0 /* seconds until a zygote that does not come up is given up */
#define START_PATIENCE 600.0 /* ... that does not fork: it may have to import a lot first */
#define FAILURES_MAX 3       /* zygotes in a row that come to nothing */
#define ERRORS_SHOWN 5       /* messages about tests that can't be imported */

/* Of a core, by which a process that makes no progress counts as computing. */
#define BUSY_SHARE 0.02
/* A computing test is ended after so many times the --timeout. */
#define SLOW_TIMEOUTS 5

struct job {
	struct worker workers[2]; /* without and with the GIL */
	struct trial *trial;      /* that runs, or waits for its worker */
	struct trial *next;       /* announced */
	bool sent;                /* the attempt was given to the worker */
	double drained, followed; /* now_seconds() of the last look */
	uint64_t followers;       /* bytes */
	struct capture capture;   /* taken of the process before it was killed or died */
	bool captured, looked_at; /* looked_at: it was tried */
	uint64_t resident;        /* bytes when it was killed for its memory */
	struct deadlock_watch *watch;
	struct deadlock deadlock;  /* count 0 = none was seen */
	double sampled, processor; /* when the group's processor time was taken, and what it was */
};

struct pool {
	const struct pool_options *options;
	struct pool_result *result;
	struct job *jobs;
	struct verifier *verifier;
	uint64_t next_iteration, end_iteration; /* end 0 = none */
	uint64_t watermark;                     /* all iterations below it are done */
	uint64_t *done;                         /* those above that are done too */
	size_t done_count, done_capacity;
	uint8_t *seen;    /* of each test: SEEN_* */
	char **announced; /* ids of findings that the user was told of */
	size_t announced_count, announced_capacity;
	size_t errors_shown;
	char *first_error; /* text of the first import that failed */
	struct progress_state state;
	double deadline; /* 0 = none */
	bool stopping;
	int code;
};

#define SEEN_RAN 1
#define SEEN_SKIPPED 2

static struct worker *worker_of(struct job *job, const struct trial *trial)
{
	return &job->workers[trial->plan.gil];
}

/* --- records ------------------------------------------------------------------------------- */

struct draining {
	struct pool *pool;
	struct job *job;
	struct trial *trial; /* NULL: the worker is idle */
	struct iteration_context context;
};

static void take_records(void *arg, const uint8_t *records, size_t length)
{
	struct draining *draining = arg;
	if (draining->trial)
		trial_take(draining->trial, records, length);
	collator_feed(draining->pool->options->collator, &draining->context, records, length);
}

static struct iteration_context context_of(const struct worker *worker, const struct trial *trial)
{
	if (trial)
		return trial_context(trial, worker->number, worker->pid);
	return (struct iteration_context){ .zygote = worker->number,
					   .zygote_pid = worker->pid,
					   .gil = worker->gil };
}

static void drain(struct pool *pool, struct job *job, struct worker *worker)
{
	struct trial *trial = job->sent && worker == worker_of(job, job->trial) ? job->trial : NULL;
	struct draining draining = { pool, job, trial, context_of(worker, trial) };
	uint64_t lost = arena_drain(&worker->arena, take_records, &draining);
	if (lost)
		collator_lost(pool->options->collator, lost);
}

/* --- findings ------------------------------------------------------------------------------ */

static bool announced(struct pool *pool, const char *id)
{
	for (size_t i = 0; i < pool->announced_count; i++)
		if (strcmp(pool->announced[i], id) == 0)
			return true;
	ARRAY_PUSH(pool->announced, pool->announced_count, pool->announced_capacity, xstrdup(id));
	return false;
}

/* Tells of findings that are new, each once. */
static void announce(struct pool *pool)
{
	size_t count;
	const struct occurrence *seen = collator_occurrences(pool->options->collator, &count);
	for (size_t i = 0; i < count; i++) {
		const struct finding *finding = seen[i].finding;
		if (finding->status != STATUS_NEW || announced(pool, finding->id))
			continue;
		if (!pool->options->settings->quiet)
			warn("new: %s  %s", finding->id, finding->title);
	}
	struct collate_counters counters = collator_counters(pool->options->collator);
	pool->state.findings_new = counters.by_status[STATUS_NEW];
	pool->state.findings_known = counters.by_status[STATUS_KNOWN];
}

static void add_finding(struct pool *pool, const struct iteration_context *context,
			struct finding *finding)
{
	collator_add(pool->options->collator, context, finding);
}

static void note(struct pool *pool, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void note(struct pool *pool, const char *format, ...)
{
	struct buf text = { 0 };
	char *line = NULL;
	va_list args;
	va_start(args, format);
	if (vasprintf(&line, format, args) >= 0)
		buf_puts(&text, line);
	va_end(args);
	free(line);
	collator_note(pool->options->collator, text.data ? text.data : "");
	if (pool->options->settings->verbose)
		warn("%s", text.data ? text.data : "");
	buf_free(&text);
}

/* --- trials -------------------------------------------------------------------------------- */

static bool out_of_time(const struct pool *pool)
{
	return pool->deadline > 0 && now_seconds() >= pool->deadline;
}

/* The next planned trial, or NULL if there is none. */
static struct trial *plan_next(struct pool *pool)
{
	const struct pool_options *options = pool->options;
	if (pool->stopping || out_of_time(pool) ||
	    (pool->end_iteration && pool->next_iteration >= pool->end_iteration))
		return NULL;
	uint64_t iteration = pool->next_iteration++;
	struct replay_token token = { options->seed, iteration, options->first_slice + iteration };
	if (options->settings->replay_given)
		token = options->settings->replay;
	struct trial_plan plan;
	plan_trial(options->plan, options->settings, token, &plan);
	if (options->settings->replay_given)
		plan.iteration = iteration; /* so that each repetition has a number of its own */
	return trial_new(&plan, token, options->settings->budget, options->tests);
}

/* What this job does next: a test to be run alone, what was announced, or another job's. */
static struct trial *take_next(struct pool *pool, struct job *job)
{
	if (pool->stopping)
		return NULL;
	struct trial *trial = verifier_next(pool->verifier);
	if (!trial && job->next) {
		trial = job->next;
		job->next = NULL;
	}
	if (!trial)
		trial = plan_next(pool);
	for (unsigned i = 0; !trial && i < pool->options->jobs; i++) {
		trial = pool->jobs[i].next;
		pool->jobs[i].next = NULL;
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

static void send_attempt(struct pool *pool, struct job *job)
{
	struct trial *trial = job->trial;
	struct worker *worker = worker_of(job, trial);
	drain(pool, job, worker); /* what it wrote while it was idle */
	arena_recycle(&worker->arena);
	worker_read_output(worker);
	output_clear(&worker->printed);
	worker->state = WORKER_BUSY;
	worker->since = now_seconds();
	job->sent = true;
	job->followers = 0;
	job->followed = worker->since;
	worker_send(worker,
		    json_pack("{s:s, s:I, s:I, s:i, s:f, s:f, s:o}", "op", "run", "iteration",
			      (json_int_t)trial->plan.iteration, "seed",
			      (json_int_t)trial->plan.seed, "threads", (int)trial->plan.threads,
			      "switch_interval", trial->plan.switch_interval, "budget",
			      trial->budget, "tests", id_list(trial)));
}

static int start_worker(struct pool *pool, struct worker *worker)
{
	collator_zygote(pool->options->collator, worker->number);
	return worker_start(worker, pool->options->launch);
}

/* Gives the job something to do, or leaves it idle. */
static int start_trial(struct pool *pool, struct job *job)
{
	job->trial = take_next(pool, job);
	job->sent = false;
	if (!job->trial)
		return 0;
	struct worker *worker = worker_of(job, job->trial);
	if (worker->state == WORKER_OFF)
		return start_worker(pool, worker);
	if (worker->state == WORKER_READY)
		send_attempt(pool, job);
	return 0;
}

/* Announces the trial after this one, so that its imports happen meanwhile. */
static int announce_next(struct pool *pool, struct job *job)
{
	if (job->next)
		return 0;
	job->next = plan_next(pool);
	if (!job->next)
		return 0;
	struct worker *worker = worker_of(job, job->next);
	if (worker->state == WORKER_OFF)
		return start_worker(pool, worker);
	if (worker->state != WORKER_STARTING)
		worker_send(worker,
			    json_pack("{s:s, s:o}", "op", "prefetch", "tests", id_list(job->next)));
	return 0;
}

/* Marks `iteration` done and moves the watermark over all that are done. */
static void mark_done(struct pool *pool, uint64_t iteration)
{
	ARRAY_PUSH(pool->done, pool->done_count, pool->done_capacity, iteration);
	for (size_t i = 0; i < pool->done_count;) {
		if (pool->done[i] != pool->watermark) {
			i++;
			continue;
		}
		pool->watermark++;
		pool->done[i] = pool->done[--pool->done_count];
		i = 0;
	}
}

/* Stores what is new since the last time. */
static void store_progress(struct pool *pool, const struct trial *trial)
{
	const struct pool_options *options = pool->options;
	if (pool->result->store_failed)
		return;
	const char **ran = xcalloc(trial ? trial->plan.test_count : 0, sizeof *ran);
	const char **left = xcalloc(trial ? trial->plan.test_count : 0, sizeof *left);
	struct store_iteration iteration = {
		.run = options->run,
		.iterations_done = pool->watermark,
		.next_slice = options->settings->replay_given
				      ? options->deck_tests
				      : (options->first_slice + pool->watermark) *
						options->settings->slice,
		.leftovers = left,
		.ran = ran
	};
	for (size_t i = 0; trial && !trial->alone && i < trial->plan.test_count; i++) {
		size_t test = trial->plan.tests[i];
		if (pool->seen[test])
			ran[iteration.ran_count++] = options->tests[test].id;
		else
			left[iteration.leftover_count++] = options->tests[test].id;
	}
	iteration.occurrences =
		collator_occurrences(options->collator, &iteration.occurrence_count);
	int code = store_iteration(options->store, &iteration);
	if (!code)
		collator_occurrences_done(options->collator);
	pool->result->store_failed = code != 0;
	if (!pool->code)
		pool->code = code;
	free(ran);
	free(left);
}

static void finish_trial(struct pool *pool, struct job *job)
{
	struct trial *trial = job->trial;
	job->trial = NULL;
	job->sent = false;
	if (!trial->alone) {
		pool->result->iterations_done++;
		pool->result->iterations_gil_on += trial->plan.gil;
		pool->state.done++;
		mark_done(pool, trial->plan.iteration);
	}
	store_progress(pool, trial);
	trial_free(trial);
}

/* --- the end of an attempt ----------------------------------------------------------------- */

/* Counts the tests of the attempt. */
static void count_tests(struct pool *pool, const struct trial *trial)
{
	for (size_t i = 0; !trial->alone && i < trial->count; i++) {
		uint8_t *seen = &pool->seen[trial->tests[i]];
		if (trial->states[i] != TEST_ENDED && trial->states[i] != TEST_BEGUN)
			continue;
		if (trial->states[i] == TEST_ENDED && trial->outcomes[i] == FTS_OUTCOME_SKIPPED) {
			pool->result->tests_skipped += !(*seen & SEEN_SKIPPED);
			*seen |= SEEN_SKIPPED;
			continue;
		}
		pool->result->tests_run++;
		pool->result->tests_distinct += !(*seen & SEEN_RAN);
		*seen |= SEEN_RAN;
	}
	pool->state.tests = pool->result->tests_run;
}

static void note_slow(struct pool *pool, const struct trial *trial)
{
	const char *test = trial_blamed(trial);
	char *text = xprintf(
		"%s was ended after %.0f s: it was still computing (five times --timeout)",
		test ? test : "an iteration", SLOW_TIMEOUTS * pool->options->settings->timeout);
	collator_note(pool->options->collator, text);
	free(text);
}

static void judge_hang(struct pool *pool, const struct job *job, const struct fault *fault,
		       struct finding *finding)
{
	fault_of_hang(fault, finding);
	if (job->deadlock.count)
		deadlock_tell(&job->deadlock, pool->options->collator, fault->context,
			      fault->trial->pid, finding);
}

static void judge(struct pool *pool, struct job *job, const struct worker *worker, int status)
{
	struct trial *trial = job->trial;
	struct iteration_context context = trial_context(trial, worker->number, worker->pid);
	char *output = output_text(&worker->printed);
	struct fault fault = { .trial = trial,
			       .context = &context,
			       .collator = pool->options->collator,
			       .capture = job->captured ? &job->capture : NULL,
			       .status = status,
			       .output = output,
			       .timeout = pool->options->settings->timeout,
			       .memory = pool->options->memory,
			       .resident = job->resident };
	struct finding finding = { 0 };
	if (trial->killed == KILL_HANG)
		judge_hang(pool, job, &fault, &finding);
	else if (trial->killed == KILL_MEMORY)
		fault_of_memory(&fault, &finding);
	else if (trial->killed == KILL_PARENT)
		fault_of_parent(&fault, &finding);
	else if (trial->killed == KILL_SLOW)
		note_slow(pool, trial);
	bool made = trial->killed == KILL_HANG || trial->killed == KILL_MEMORY ||
		    trial->killed == KILL_PARENT;
	if (made || (trial->killed == KILL_NONE && fault_of_status(&fault, &finding)))
		add_finding(pool, &context, &finding);
	free(output);
}

/* Frees what belongs to the attempt's process. */
static void forget_process(struct job *job)
{
	if (job->captured)
		capture_clear(&job->capture);
	job->deadlock.count = 0;
	job->captured = job->looked_at = false;
	job->resident = job->followers = 0;
	job->sampled = 0;
}

/* The process is gone: its last records, what its end means, and what comes next. */
static void finish_attempt(struct pool *pool, struct job *job, struct worker *worker, int status)
{
	struct trial *trial = job->trial;
	worker_kill_strays(worker);
	worker_read_output(worker);
	drain(pool, job, worker);
	judge(pool, job, worker, status);
	count_tests(pool, trial);
	struct iteration_context context = trial_context(trial, worker->number, worker->pid);
	verifier_take(pool->verifier, pool->options->collator, &context, trial);
	collator_iteration_end(pool->options->collator, &context);
	forget_process(job);
	announce(pool);
	/* The time that the blamed test took is not at the expense of those behind it. */
	double used = trial->forked > 0 ? trial->progressed - trial->forked : 0;
	trial->budget = trial->budget - used > 1 ? trial->budget - used : 1;
	trial->forked = 0;
	job->sent = false;
	if (!pool->stopping && !trial->alone && trial_continue(trial, pool->options->tests)) {
		store_progress(pool, NULL);
		if (worker->state == WORKER_READY)
			send_attempt(pool, job);
		return; /* else drop_worker starts the worker again */
	}
	finish_trial(pool, job);
}

/* --- workers that fail --------------------------------------------------------------------- */

/* Why a worker ended, for the user. */
static char *end_text(int status)
{
	if (WIFSIGNALED(status))
		return xprintf("it died of SIG%s", sigabbrev_np(WTERMSIG(status)));
	return xprintf("it ended with status %d", WEXITSTATUS(status));
}

static int give_up(struct worker *worker, const char *why)
{
	char *tail = output_last_lines(&worker->printed, 30);
	int code = fail(EXIT_BAD_INPUT, "the suite's process does not come up (%s)%s%s", why,
			*tail ? ". Its last output:\n" : "; it printed nothing", tail);
	free(tail);
	return code;
}

/* Makes sure that an iteration's process is dead and reaped, when its zygote can't do it. */
static void end_process(pid_t pid)
{
	if (pid <= 0)
		return;
	kill(-pid, SIGKILL);
	kill(pid, SIGKILL);
	for (int i = 0; i < 2000 && kill(pid, 0) == 0; i++) {
		waitpid(pid, NULL, WNOHANG); /* ours, once the zygote is dead: we are its reaper */
		struct timespec wait = { 0, 1000000 };
		nanosleep(&wait, NULL);
	}
}

/* Waits for the worker's process without reaping it; returns its wait status. */
static int end_worker(const struct worker *worker)
{
	siginfo_t info = { 0 };
	kill(worker->pid, SIGKILL);
	while (waitid(P_PID, (id_t)worker->pid, &info, WEXITED | WNOWAIT) < 0 && errno == EINTR)
		continue;
	return info.si_code == CLD_EXITED ? info.si_status << 8 : info.si_status & 0x7f;
}

/* Counts a worker that came to nothing, and tells of it. */
static void worker_failed(struct pool *pool, struct worker *worker, const char *why, int status)
{
	char *text = why ? xstrdup(why) : end_text(status);
	if (++worker->failures >= FAILURES_MAX && !pool->code)
		pool->code = give_up(worker, text);
	else if (worker->state != WORKER_STARTING || pool->options->settings->verbose)
		note(pool, "a worker was started again: %s", text);
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
	int status = end_worker(worker);
	if (running) {
		end_process(trial->pid);
		drain(pool, job, worker);
	}
	worker_read_output(worker);
	bool by_test = running && !why && trial_blamed(trial);
	if (!by_test)
		worker_failed(pool, worker, why, status);
	worker->state = WORKER_STARTING; /* so that nothing is sent to it */
	if (running) {
		trial->killed = by_test ? KILL_PARENT : KILL_INTERRUPT;
		finish_attempt(pool, job, worker, status);
	}
	worker_stop(worker);
	collator_zygote_end(pool->options->collator, worker->number);
	if (!pool->code && job->trial && worker == worker_of(job, job->trial))
		pool->code = start_worker(pool, worker);
}

/* --- messages ------------------------------------------------------------------------------ */

static const char *text_of(const json_t *message, const char *key)
{
	const char *text = json_string_value(json_object_get(message, key));
	return text ? text : "";
}

static void on_hello(struct pool *pool, struct job *job, struct worker *worker,
		     const json_t *message)
{
	worker->state = WORKER_READY;
	worker->since = now_seconds();
	if (!pool->result->python_version)
		pool->result->python_version = xstrdup(text_of(message, "python"));
	if (job->trial && !job->sent && worker == worker_of(job, job->trial))
		send_attempt(pool, job);
	else if (job->next && worker == worker_of(job, job->next))
		worker_send(worker,
			    json_pack("{s:s, s:o}", "op", "prefetch", "tests", id_list(job->next)));
}

static void on_started(struct pool *pool, struct job *job, const json_t *message)
{
	struct trial *trial = job->trial;
	trial->pid = (pid_t)json_integer_value(json_object_get(message, "pid"));
	trial->forked = trial->progressed = now_seconds();
	pool->state.starting = false;
	int code = announce_next(pool, job);
	if (code && !pool->code)
		pool->code = code;
}

static void on_error(struct pool *pool, const json_t *message)
{
	const char *what = text_of(message, "what"), *line = text_of(message, "message");
	const char *traceback = text_of(message, "traceback");
	if (strcmp(what, "suite") == 0) {
		if (!pool->code)
			pool->code = fail(EXIT_BAD_INPUT, "the suite can't be used: %s%s%s", line,
					  *traceback ? "\n" : "", traceback);
		return;
	}
	collator_note(pool->options->collator, line);
	if (!pool->first_error)
		pool->first_error = xprintf("%s\n%s", line, traceback);
	if (pool->errors_shown++ < ERRORS_SHOWN)
		warn("%s", line);
	else if (pool->errors_shown == ERRORS_SHOWN + 1)
		warn("further messages of this kind are in the report");
}

/* Returns false if the worker has to be dropped. */
static bool on_message(struct pool *pool, struct job *job, struct worker *worker,
		       const json_t *message)
{
	const char *op = text_of(message, "op");
	bool ours = job->sent && worker == worker_of(job, job->trial);
	if (pool->options->settings->verbose) {
		char *text = json_dumps(message, JSON_COMPACT);
		warn("worker %u: %s", worker->number, text);
		free(text);
	}
	if (strcmp(op, "hello") == 0) {
		on_hello(pool, job, worker, message);
	} else if (strcmp(op, "error") == 0) {
		on_error(pool, message);
	} else if (strcmp(op, "started") == 0 && ours) {
		on_started(pool, job, message);
	} else if (strcmp(op, "ended") == 0 && ours) {
		worker->state = WORKER_READY;
		worker->failures = 0;
		finish_attempt(pool, job, worker,
			       (int)json_integer_value(json_object_get(message, "status")));
	} else {
		return false;
	}
	return true;
}

static void read_control(struct pool *pool, struct job *job, struct worker *worker)
{
	bool closed = false;
	json_t *message;
	while (worker->state != WORKER_OFF && (message = worker_receive(worker, &closed))) {
		bool good = on_message(pool, job, worker, message);
		json_decref(message);
		if (!good) {
			drop_worker(pool, job, worker, "it sent a message that makes no sense");
			return;
		}
	}
	if (closed && worker->state != WORKER_OFF)
		drop_worker(pool, job, worker, NULL);
}

/* --- limits -------------------------------------------------------------------------------- */

static void kill_iteration(struct job *job, enum kill_reason reason)
{
	job->trial->killed = reason;
	if (kill(-job->trial->pid, SIGKILL) < 0)
		kill(job->trial->pid, SIGKILL);
}

static void take_capture(struct pool *pool, struct job *job, bool crashed)
{
	char *why = NULL;
	const struct trial *trial = job->trial;
	int failed = crashed ? capture_crashed(trial->pid, (pid_t)trial->crash_tid, &trial->crash,
					       &job->capture, &why)
			     : capture_process(trial->pid, &job->capture, &why);
	job->captured = !failed;
	job->looked_at = true;
	if (why)
		note(pool, "stacks of a process that %s: %s", crashed ? "crashed" : "hung", why);
	free(why);
}

/* A crashed thread waits until its stacks were taken. */
static void release_crashed(struct worker *worker)
{
	uint32_t *done = &worker->arena.shared->crash_done;
	__atomic_store_n(done, 1, __ATOMIC_RELEASE);
	syscall(SYS_futex, done, FUTEX_WAKE, INT32_MAX, NULL, NULL, 0);
}

static void check_memory(struct pool *pool, struct job *job, double now)
{
	if (now - job->followed >= FOLLOWERS_EVERY) {
		job->followers = resident_of_followers(job->trial->pid);
		job->followed = now;
	}
	uint64_t resident = resident_of(job->trial->pid) + job->followers;
	if (resident <= pool->options->memory)
		return;
	job->resident = resident;
	kill_iteration(job, KILL_MEMORY);
}

/*
 * No progress for the time that the user allows: a hang if the process did next to nothing in the
 * second half of it, else a test that is slow here, which gets more time before it is ended.
 */
static void check_progress(struct pool *pool, struct job *job, double now)
{
	struct trial *trial = job->trial;
	double timeout = pool->options->settings->timeout;
	double still = now - trial->progressed;
	if (still < timeout / 2) {
		job->sampled = 0;
		return;
	}
	if (job->sampled <= 0) {
		job->sampled = now;
		job->processor = processor_of_group(trial->pid);
		return;
	}
	if (still < timeout || now - job->sampled < timeout / 2)
		return;
	double used = processor_of_group(trial->pid) - job->processor;
	bool computes = used > BUSY_SHARE * (now - job->sampled);
	job->sampled = 0;
	if (computes && still < SLOW_TIMEOUTS * timeout)
		return;
	if (!computes)
		take_capture(pool, job, false);
	kill_iteration(job, computes ? KILL_SLOW : KILL_HANG);
}

/* Locks that wait for each other are told as soon as that is sure. */
static void check_deadlock(struct pool *pool, struct job *job, double now)
{
	if (now - job->trial->progressed < DEADLOCK_SECONDS)
		return;
	if (!job->watch)
		job->watch = deadlock_watch_new();
	if (!deadlock_look(job->watch, job->trial->pid, now, &job->deadlock))
		return;
	take_capture(pool, job, false);
	kill_iteration(job, KILL_HANG);
}

/* What has to be looked at without an event, for a job whose iteration runs. */
static void look_after(struct pool *pool, struct job *job)
{
	struct trial *trial = job->trial;
	struct worker *worker = worker_of(job, trial);
	double now = now_seconds();
	uint32_t crashed = __atomic_load_n(&worker->arena.shared->crash_tid, __ATOMIC_ACQUIRE);
	drain(pool, job, worker);
	if (crashed && !(trial->crashed && trial->crash_tid == crashed))
		release_crashed(worker); /* a child of the test's: none of our business */
	if (trial->forked <= 0 || trial->killed) {
		if (now - worker->since > START_PATIENCE)
			drop_worker(pool, job, worker, "it did not start an iteration in time");
		return;
	}
	if (trial->crashed && !job->looked_at) {
		take_capture(pool, job, true);
		release_crashed(worker);
		trial->progressed = now;
		return;
	}
	check_memory(pool, job, now);
	if (!trial->killed)
		check_deadlock(pool, job, now);
	if (!trial->killed)
		check_progress(pool, job, now);
}

static void tick(struct pool *pool)
{
	double now = now_seconds();
	for (unsigned i = 0; i < pool->options->jobs; i++) {
		struct job *job = &pool->jobs[i];
		if (job->sent)
			look_after(pool, job);
		for (size_t w = 0; w < 2; w++) {
			struct worker *worker = &job->workers[w];
			if (worker->state == WORKER_STARTING &&
			    now - worker->since > HELLO_PATIENCE)
				drop_worker(pool, job, worker, "it did not answer in time");
			else if (worker->state == WORKER_STARTING || worker->state == WORKER_READY)
				drain(pool, job, worker);
		}
	}
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
	polled->count = 0;
	for (unsigned i = 0; i < pool->options->jobs; i++) {
		for (size_t w = 0; w < 2; w++) {
			struct worker *worker = &pool->jobs[i].workers[w];
			short out = worker->outgoing.length ? POLLOUT : 0;
			add_fd(polled, &pool->jobs[i], worker, worker->control,
			       (short)(POLLIN | out));
			add_fd(polled, &pool->jobs[i], worker, worker->output, POLLIN);
		}
	}
	if (poll(polled->fds, polled->count, (int)(TICK * 1e3)) <= 0)
		return;
	for (size_t i = 0; i < polled->count; i++) {
		struct worker *worker = polled->workers[i];
		if (polled->fds[i].revents == 0 || worker->state == WORKER_OFF)
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
	size_t most = (size_t)pool->options->jobs * 4;
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

/* Ends all processes; keeps what an interrupted iteration had found. */
static void stop_all(struct pool *pool)
{
	pool->stopping = true;
	for (unsigned i = 0; i < pool->options->jobs; i++) {
		struct job *job = &pool->jobs[i];
		for (size_t w = 0; w < 2; w++) {
			struct worker *worker = &job->workers[w];
			if (worker->state == WORKER_OFF)
				continue;
			bool running = job->sent && worker == worker_of(job, job->trial);
			kill(worker->pid, SIGKILL);
			if (running) {
				end_process(job->trial->pid);
				job->trial->killed = KILL_INTERRUPT;
				struct iteration_context context = context_of(worker, job->trial);
				drain(pool, job, worker);
				count_tests(pool, job->trial);
				collator_iteration_end(pool->options->collator, &context);
			}
			forget_process(job);
			worker_stop(worker);
			collator_zygote_end(pool->options->collator, worker->number);
		}
		deadlock_watch_free(job->watch);
		trial_free(job->trial);
		trial_free(job->next);
	}
	announce(pool);
	store_progress(pool, NULL);
}

static void pool_clear(struct pool *pool)
{
	for (size_t i = 0; i < pool->announced_count; i++)
		free(pool->announced[i]);
	free(pool->announced);
	free(pool->jobs);
	free(pool->done);
	free(pool->seen);
	free(pool->first_error);
	verifier_free(pool->verifier);
}

int pool_run(const struct pool_options *options, struct pool_result *result)
{
	*result = (struct pool_result){ 0 };
	const struct settings *settings = options->settings;
	struct pool pool = { .options = options,
			     .result = result,
			     .jobs = xcalloc(options->jobs, sizeof *pool.jobs),
			     .verifier = verifier_new(options->tests, options->test_count),
			     .next_iteration = options->first_iteration,
			     .end_iteration = settings->iterations,
			     .watermark = options->first_iteration,
			     .seen = xcalloc(options->test_count, 1) };
	pool.state = (struct progress_state){ .starting = true,
					      .before = options->first_iteration,
					      .done = options->first_iteration,
					      .total = settings->iterations,
					      .started = now_seconds(),
					      .duration = settings->duration };
	if (settings->duration > 0)
		pool.deadline = now_seconds() + settings->duration;
	for (unsigned i = 0; i < options->jobs; i++)
		for (unsigned w = 0; w < 2; w++)
			worker_init(&pool.jobs[i].workers[w], i * 2 + w, w == 1);
	/* Processes that an iteration leaves behind become ours, so that they can be ended. */
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	loop(&pool);
	result->interrupted = *options->stop != 0;
	stop_all(&pool);
	if (!pool.code && !result->interrupted && !result->tests_run && pool.first_error)
		pool.code = fail(EXIT_BAD_INPUT, "no test could be run: %s", pool.first_error);
	int code = pool.code;
	pool_clear(&pool);
	return code;
}

void pool_result_clear(struct pool_result *result)
{
	free(result->python_version);
	*result = (struct pool_result){ 0 };
}
