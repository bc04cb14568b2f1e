/* pool.c - see pool.h. The loop itself, its beginning and its end. */
#include "runner/run/pool.h"

#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>

#include "runner/base/meanwhile.h"
#include "runner/base/util.h"
#include "runner/model/matrix.h"
#include "runner/run/attempt.h"
#include "runner/run/control.h"
#include "runner/run/failing.h"
#include "runner/run/hunt.h"
#include "runner/run/lookout.h"
#include "runner/run/measure.h"
#include "runner/run/pairs.h"
#include "runner/run/recheck.h"
#include "runner/run/tally.h"
#include "runner/run/verify.h"
#include "runner/trial/ending.h"

#define TICK (MEANWHILE_MS * 1e-3) /* seconds between looks at the rings */

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
	for (unsigned i = 0; i < pool->job_count; i++) {
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
			control_read(pool, polled->jobs[i], worker);
		}
	}
}

/* Gives idle jobs work; false when none has any. */
static bool feed_jobs(struct pool *pool)
{
	bool any = false;
	for (unsigned i = 0; i < pool->job_count && !pool->code; i++) {
		struct job *job = &pool->jobs[i];
		if (!job->trial)
			pool->code = attempt_start_trial(pool, job);
		any = any || job->trial;
	}
	return any ||
	       (!pool_out_of_time(pool) && pairs_awaited(pool->options->pairs, pool_planned(pool)));
}

static void loop(struct pool *pool)
{
	size_t most = (size_t)pool->job_count * 2 * WORKER_KINDS;
	struct polled polled = { xcalloc(most, sizeof *polled.fds),
				 xcalloc(most, sizeof *polled.jobs),
				 xcalloc(most, sizeof *polled.workers), 0 };
	double looked = 0;
	while (!pool->code && !*pool->options->stop && feed_jobs(pool)) {
		wait_and_act(pool, &polled);
		if (now_seconds() - looked >= TICK) {
			looked = now_seconds();
			lookout_tick(pool);
		}
	}
	free(polled.fds);
	free(polled.jobs);
	free(polled.workers);
}

/* What was found by now may take long to be worked on; nothing runs on meanwhile. */
static void end_processes(struct pool *pool)
{
	for (unsigned i = 0; i < pool->job_count; i++) {
		struct job *job = &pool->jobs[i];
		for (size_t w = 0; w < WORKER_KINDS; w++) {
			struct worker *worker = &job->workers[w];
			struct trial *trial = job_trial(job, worker);
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
	for (unsigned i = 0; i < pool->job_count; i++) {
		struct job *job = &pool->jobs[i];
		for (size_t w = 0; w < WORKER_KINDS; w++) {
			struct worker *worker = &job->workers[w];
			if (worker->state == WORKER_OFF)
				continue;
			if (job_trial(job, worker)) {
				job->trial->killed = KILL_INTERRUPT;
				struct iteration_context context =
					attempt_context(worker, job->trial);
				attempt_drain(pool, job, worker);
				pool_count_tests(pool, job->trial);
				if (!job->trial->as_written && !job->trial->measures &&
				    !job->trial->pairs && !pool->options->settings->share)
					failing_take(pool->failing, job->trial);
				collator_iteration_end(pool_collator(pool, worker), &context);
			}
			guard_forget(&job->guard);
			worker_stop(worker);
			collator_zygote_end(pool_collator(pool, worker), worker->number);
		}
		guard_free(&job->guard);
		trial_free(job->trial);
		trial_free(job->next);
	}
	verifier_leave(pool->verifier, pool->options->collator);
	pool_announce(pool);
	pool_store_progress(pool, NULL);
	if (pool->options->hunt)
		hunt_end(pool->options->hunt);
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

static void tell_unimported(struct pool *pool)
{
	const struct news *news = &pool->news;
	pool->result->files_unimported = news->unimported_count;
	if (news->unimported_count) {
		pool->result->unimported_file = xstrdup(news->unimported[0]);
		pool->result->unimported_why = xstrdup(news->unimported_why);
	}
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
	measure_free(pool->measure);
	cover_clear(&pool->cover);
}

int pool_run(const struct pool_options *options, struct pool_result *result)
{
	*result = (struct pool_result){ 0 };
	const struct settings *settings = options->settings;
	struct pool pool = { .options = options,
			     .result = result,
			     .jobs = xcalloc(options->jobs + 1, sizeof *pool.jobs),
			     .job_count = options->jobs + 1,
			     .measure = measure_new(),
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
	for (unsigned i = 0; i < pool.job_count; i++)
		for (unsigned w = 0; w < WORKER_KINDS; w++)
			worker_init(&pool.jobs[i].workers[w], i * WORKER_KINDS + w,
				    (enum worker_kind)w);
	for (unsigned i = 0; i < pool.job_count; i++)
		for (unsigned w = 0; w < WORKER_KINDS; w++)
			pool.jobs[i].workers[w].cover = w == WORKER_AS_WRITTEN ? NULL : &pool.cover;
	/* Processes that an iteration leaves behind become ours, so that they can be ended. */
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	meanwhile_set(lookout_meanwhile, &pool);
	loop(&pool);
	result->interrupted = *options->stop != 0;
	stop_all(&pool);
	tally_slowest(pool.tally);
	cover_count(&pool.cover, result->functions);
	result->objects_shared = pool.cover.objects_shared;
	tell_failing(&pool);
	tell_unimported(&pool);
	/* Where all of a run's files can't be imported, what it is told says so. */
	if (!pool.code && !result->interrupted && !result->tests_run && pool.news.first_error &&
	    !result->files_unimported)
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
	free(result->unimported_file);
	free(result->unimported_why);
	matrix_free(result->matrix);
	*result = (struct pool_result){ 0 };
}
