/* control.c - see control.h. */
#include "runner/run/control.h"

#include <stdlib.h>
#include <string.h>

#include "runner/base/util.h"
#include "runner/run/attempt.h"
#include "runner/run/pairs.h"
#include "runner/run/recheck.h"
#include "runner/trial/ending.h"
#include "runner/trial/message.h"

#define MESSAGES_MAX 1000 /* of a zygote in one turn of the loop */
#define FAILURES_MAX 3    /* zygotes in a row that come to nothing */

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
	if (worker->kind == WORKER_PAIRS) {
		if (++worker->failures >= FAILURES_MAX)
			pairs_stop(pool->options->pairs, text);
		free(text);
		return;
	}
	if (++worker->failures >= FAILURES_MAX && !pool->code)
		pool->code = give_up(worker, text);
	else if (worker->state != WORKER_STARTING || pool->options->settings->verbose)
		news_note(&pool->news, "a worker was started again: %s", text);
	free(text);
}

void control_drop(struct pool *pool, struct job *job, struct worker *worker, const char *why)
{
	struct trial *trial =
		job->trial && worker == job_worker(job, job->trial) ? job->trial : NULL;
	bool running = trial && job->sent;
	job->settling = true;
	int status = end_child(worker->pid);
	if (running)
		end_iteration(trial->pid);
	attempt_drain(pool, job, worker);
	worker_read_output(worker);
	bool by_test = running && !why && trial_blamed(trial);
	if (!by_test)
		worker_failed(pool, worker, why, status);
	worker->state = WORKER_STARTING; /* so that nothing is sent to it */
	if (running) {
		if (!trial->killed)
			trial->killed = by_test ? KILL_PARENT : KILL_INTERRUPT;
		attempt_finish(pool, job, worker, status);
	}
	job->settling = false;
	worker_stop(worker);
	collator_zygote_end(pool_collator(pool, worker), worker->number);
	bool pairs_over = worker->kind == WORKER_PAIRS && worker->failures >= FAILURES_MAX;
	if (job->trial && worker == job_worker(job, job->trial) &&
	    (worker->kind == WORKER_AS_WRITTEN || pairs_over)) {
		trial_free(job->trial);
		job->trial = NULL;
	}
	if (!pool->code && job->trial && worker == job_worker(job, job->trial))
		pool->code = attempt_start_worker(pool, worker);
}

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
			moved |= pool_run_apart(pool, (size_t)(test - options->tests), true);
	}
	if (!moved)
		pool_run_all_apart(pool); /* else the next zygote would end in the same way */
	worker->gil_came = true;
	bool ours = job->trial && worker == job_worker(job, job->trial);
	if (ours && job->sent && job->trial->forked > 0)
		return; /* until its iteration has ended */
	attempt_retire(pool, job, worker);
	if (!ours)
		return;
	job->sent = false;
	guard_forget(&job->guard);
	int code = attempt_place(pool, job);
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
		pool_run_all_apart(pool);
	if (job->trial && !job->sent && worker == job_worker(job, job->trial)) {
		int code = attempt_place(pool, job);
		if (!pool->code)
			pool->code = code;
	} else if (job->next && worker == job_worker(job, job->next))
		worker_send(worker, json_pack("{s:s, s:o}", "op", "prefetch", "tests",
					      attempt_ids(job->next)));
}

static void on_started(struct pool *pool, struct job *job, const json_t *message)
{
	struct trial *trial = job->trial;
	trial_started(trial, json_integer_value(json_object_get(message, "pid")));
	if (trial->forked <= 0) /* else its first records came before */
		trial->forked = trial->progressed = now_seconds();
	pool->state.starting = false;
	int code = attempt_announce_next(pool, job);
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

static void on_error(struct pool *pool, const struct worker *worker, const json_t *message)
{
	const char *what = text_of(message, "what"), *line = text_of(message, "message");
	const char *traceback = text_of(message, "traceback");
	if (worker->kind == WORKER_PAIRS) {
		news_note(&pool->news, "pairs: %s", line);
		return;
	}
	if (strcmp(what, "suite") == 0) {
		if (!pool->code)
			pool->code = suite_error(pool, line, traceback);
		return;
	}
	const char *file = text_of(message, "file");
	if (strcmp(what, "import") == 0 && *file)
		news_unimported(&pool->news, file, line);
	news_error(&pool->news, line, traceback);
}

/* Returns why the worker has to be dropped, or NULL. */
static const char *on_message(struct pool *pool, struct job *job, struct worker *worker,
			      const json_t *message)
{
	const char *op = text_of(message, "op");
	const char *fault = message_fault(message, worker, job_trial(job, worker));
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
			on_error(pool, worker, message);
	} else if (strcmp(op, "gil") == 0) {
		on_gil(pool, job, worker, message);
	} else if (strcmp(op, "started") == 0) {
		on_started(pool, job, message);
	} else if (strcmp(op, "ended") == 0) {
		worker->state = WORKER_READY;
		worker->failures = 0;
		attempt_finish(pool, job, worker,
			       (int)json_integer_value(json_object_get(message, "status")));
	}
	return NULL;
}

/* Bounded, so that a zygote that talks without end does not hold up the others. */
void control_read(struct pool *pool, struct job *job, struct worker *worker)
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
			control_drop(pool, job, worker, fault);
			return;
		}
	}
	worker->more = message && worker->state != WORKER_OFF;
	if (closed && worker->state != WORKER_OFF)
		control_drop(pool, job, worker, worker->broken);
}
