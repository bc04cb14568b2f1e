/* trial.c - see trial.h. */
#include "runner/trial/trial.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ftstress/arena.h"
#include "runner/base/util.h"

/* After so many attempts in a row in which no test began, the iteration is given up. */
#define FRUITLESS_MAX 3

static void clear_attempt(struct trial *trial)
{
	for (size_t i = 0; i < trial->failure_count; i++) {
		free(trial->failures[i].type);
		free(trial->failures[i].message);
		free(trial->failures[i].traceback);
	}
	trial->failure_count = 0;
	for (size_t i = 0; i < trial->count; i++)
		free(trial->ordered[i]);
	free(trial->ordered);
	free(trial->ids);
	free(trial->states);
	free(trial->outcomes);
	free(trial->threads);
	free(trial->seconds);
}

/* `tests` belongs to the trial from here on. */
static void begin_attempt(struct trial *trial, size_t *tests, size_t count,
			  const struct plan_test *all)
{
	free(trial->tests);
	trial->tests = tests;
	trial->count = count;
	trial->ids = xcalloc(count, sizeof *trial->ids);
	trial->states = xcalloc(count, sizeof *trial->states);
	trial->outcomes = xcalloc(count, sizeof *trial->outcomes);
	trial->ordered = xcalloc(count, sizeof *trial->ordered);
	trial->threads = xcalloc(count, sizeof *trial->threads);
	trial->seconds = xcalloc(count, sizeof *trial->seconds);
	for (size_t i = 0; i < count; i++)
		trial->ids[i] = all[tests[i]].id;
	trial->running = trial->gil_for = FTS_NO_TEST;
	trial->begun = 0;
	trial->slice_end = trial->crashed = trial->uncertain = false;
	trial->pid = 0;
	trial->killed = KILL_NONE;
	trial->attempts++;
}

struct trial *trial_new(struct trial_plan *plan, struct replay_token token, double budget,
			const struct plan_test *tests)
{
	struct trial *trial = xcalloc(1, sizeof *trial);
	trial->plan = *plan;
	trial->gil = plan->gil;
	*plan = (struct trial_plan){ 0 };
	trial->token = replay_token_text(token);
	trial->budget = budget;
	size_t count = trial->plan.test_count;
	size_t *indices = xcalloc(count, sizeof *indices);
	memcpy(indices, trial->plan.tests, count * sizeof *indices);
	begin_attempt(trial, indices, count, tests);
	return trial;
}

void trial_free(struct trial *trial)
{
	if (!trial)
		return;
	clear_attempt(trial);
	free(trial->failures);
	free(trial->touches);
	free(trial->tests);
	free(trial->apart);
	free(trial->token);
	trial_plan_clear(&trial->plan);
	free(trial);
}

bool trial_counts(const struct trial *trial)
{
	return !trial->check && !trial->as_written && !trial->measures;
}

static char *take_text(const uint8_t **at, size_t *room, uint32_t length)
{
	size_t take = length < *room ? length : *room;
	char *text = xmalloc(take + 1);
	memcpy(text, *at, take);
	text[take] = '\0';
	for (size_t i = 0; i < take; i++)
		if (!text[i])
			text[i] = ' ';
	*at += take;
	*room -= take;
	return text;
}

static void take_failure(struct trial *trial, const uint8_t *payload, size_t length)
{
	struct fts_test_fail told;
	if (length < sizeof told)
		return;
	memcpy(&told, payload, sizeof told);
	if (told.index >= trial->count)
		return;
	payload += sizeof told;
	length -= sizeof told;
	struct test_failure failure = { told.index, told.thread, told.threads, 0, 0, 0 };
	failure.type = take_text(&payload, &length, told.type_length);
	failure.message = take_text(&payload, &length, told.message_length);
	failure.traceback = take_text(&payload, &length, told.traceback_length);
	ARRAY_PUSH(trial->failures, trial->failure_count, trial->failure_capacity, failure);
}

static void take_test(struct trial *trial, uint16_t type, const uint8_t *payload, size_t length)
{
	struct fts_test told;
	if (length < sizeof told)
		return;
	memcpy(&told, payload, sizeof told);
	if (told.index >= trial->count)
		return;
	trial->progressed = now_seconds();
	if (type == FTS_REC_TEST_BEGIN) {
		trial->states[told.index] = TEST_BEGUN;
		trial->running = told.index;
		trial->running_since = trial->progressed;
		trial->begun++;
		trial->threads[told.index] = told.threads;
		if (told.threads > trial->threads_seen)
			trial->threads_seen = told.threads;
		return;
	}
	bool ran = told.outcome != FTS_OUTCOME_NOT_RUN;
	trial->states[told.index] = ran ? TEST_ENDED : TEST_NOT_RUN;
	trial->outcomes[told.index] = told.outcome;
	trial->seconds[told.index] = ran ? (double)told.nanoseconds * 1e-9 : 0;
	if (trial->running == told.index)
		trial->running = FTS_NO_TEST;
}

static void take_crash(struct trial *trial, const struct fts_record *header, const uint8_t *payload,
		       size_t length)
{
	if (trial->crashed || length < sizeof trial->crash)
		return;
	trial->crashed = true;
	trial->crash_tid = header->tid;
	trial->crash_nanoseconds = header->nanoseconds;
	memcpy(&trial->crash, payload, sizeof trial->crash);
	size_t count = (length - sizeof trial->crash) / sizeof *trial->crash_places;
	count = count < FTS_CRASH_PLACES ? count : FTS_CRASH_PLACES;
	memcpy(trial->crash_places, payload + sizeof trial->crash,
	       count * sizeof *trial->crash_places);
	for (size_t i = 0; i < count; i++)
		trial->crash_places[i].type[sizeof trial->crash_places[i].type - 1] = '\0';
	trial->crash_place_count = count;
}

static void take_schedule(struct trial *trial, const uint8_t *payload, size_t length)
{
	struct fts_schedule told;
	if (length < sizeof told)
		return;
	memcpy(&told, payload, sizeof told);
	if (told.count > (length - sizeof told) / sizeof *trial->touches)
		return;
	trial->schedule_flags |= told.flags;
	for (size_t i = 0; i < told.count; i++) {
		struct fts_touch touch;
		memcpy(&touch, payload + sizeof told + i * sizeof touch, sizeof touch);
		ARRAY_PUSH(trial->touches, trial->touch_count, trial->touch_capacity, touch);
	}
}

static void take_record(struct trial *trial, const struct fts_record *header,
			const uint8_t *payload, size_t length)
{
	switch (header->type) {
	case FTS_REC_TEST_BEGIN:
	case FTS_REC_TEST_END:
		take_test(trial, header->type, payload, length);
		break;
	case FTS_REC_TEST_FAIL:
		take_failure(trial, payload, length);
		break;
	case FTS_REC_GIL_ENABLED:
		/*
		 * The record itself says which test it was, not trial->running: a thread of the
		 * test wrote it, and its ring may be read before the main thread's, which has the
		 * test's begin.
		 */
		trial->gil_for = header->test;
		break;
	case FTS_REC_SLICE_END:
		trial->slice_end = true;
		trial->progressed = now_seconds();
		break;
	case FTS_REC_ORDERED:
		if (header->test < trial->count && !trial->ordered[header->test])
			trial->ordered[header->test] = xstrndup((const char *)payload, length);
		break;
	case FTS_REC_SCHEDULE:
		take_schedule(trial, payload, length);
		break;
	case FTS_REC_CRASH:
		take_crash(trial, header, payload, length);
		break;
	default:
		break;
	}
}

bool trial_started(struct trial *trial, int64_t pid)
{
	if (pid <= 1 || pid > INT32_MAX || pid == getpid())
		return false;
	trial->pid = (pid_t)pid;
	return true;
}

void trial_take(struct trial *trial, const uint8_t *records, size_t length)
{
	struct fts_record header;
	for (size_t at = 0; at + sizeof header <= length; at += header.length) {
		memcpy(&header, records + at, sizeof header);
		if (header.length < sizeof header || header.length > length - at)
			return;
		/* The first records may come before the zygote's "started". */
		if (!trial->pid && header.type >= FTS_REC_TEST_BEGIN &&
		    header.type <= FTS_REC_TEST_FAIL)
			trial_started(trial, header.pid);
		if (trial->pid && header.pid == (uint32_t)trial->pid)
			take_record(trial, &header, records + at + sizeof header,
				    fts_payload_length(&header));
	}
}

/* Hands out the tests that were set apart, for the next attempt, which has the GIL. */
static size_t *take_apart(struct trial *trial, size_t *count)
{
	size_t *tests = trial->apart;
	*count = trial->apart_count;
	trial->apart = NULL;
	trial->apart_count = 0;
	trial->gil = true;
	/*
	 * No turns: a thread that has the GIL and waits for its turn, and a thread that has the
	 * turn and waits for the GIL, would wait for each other.
	 */
	trial->plan.schedule =
		trial->check || trial->measures ? SCHEDULE_ONE_BY_ONE : SCHEDULE_OVERLAP;
	return tests;
}

void trial_set_apart(struct trial *trial, const bool *needs_gil, const struct plan_test *tests)
{
	size_t *kept = xcalloc(trial->count, sizeof *kept), count = 0, moved = 0;
	for (size_t i = 0; i < trial->count; i++)
		moved += needs_gil[trial->tests[i]];
	if (trial->gil || trial->as_written || !moved) {
		free(kept);
		return;
	}
	trial->apart = xrealloc(trial->apart, (trial->apart_count + moved) * sizeof *trial->apart);
	for (size_t i = 0; i < trial->count; i++) {
		if (needs_gil[trial->tests[i]])
			trial->apart[trial->apart_count++] = trial->tests[i];
		else
			kept[count++] = trial->tests[i];
	}
	if (!count) {
		free(kept);
		trial->plan.gil = trial->plan.gil || trial->attempts == 1;
		kept = take_apart(trial, &count);
	}
	clear_attempt(trial);
	trial->attempts--; /* the attempt that is replaced was never sent */
	begin_attempt(trial, kept, count, tests);
}

bool trial_continue(struct trial *trial, const struct plan_test *tests)
{
	size_t *rest = xcalloc(trial->count, sizeof *rest), count = 0;
	for (size_t i = 0; i < trial->count; i++)
		if (trial->states[i] == TEST_WAITING)
			rest[count++] = trial->tests[i];
	trial->fruitless = trial->begun ? 0 : trial->fruitless + 1;
	if ((!count || trial->fruitless >= FRUITLESS_MAX) && trial->apart_count) {
		free(rest);
		rest = take_apart(trial, &count);
		trial->fruitless = 0;
	}
	if (!count || trial->fruitless >= FRUITLESS_MAX) {
		free(rest);
		return false;
	}
	clear_attempt(trial);
	begin_attempt(trial, rest, count, tests);
	return true;
}

size_t trial_begun(const struct trial *trial)
{
	return trial->plan.test_count - trial->apart_count - trial->count + trial->begun;
}

const char *trial_blamed(const struct trial *trial)
{
	return trial->running < trial->count ? trial->ids[trial->running] : NULL;
}

double trial_seconds(const struct trial *trial, size_t i)
{
	if (i == trial->running)
		return now_seconds() - trial->running_since;
	return trial->seconds[i];
}

struct iteration_context trial_context(const struct trial *trial, unsigned zygote, pid_t zygote_pid)
{
	return (struct iteration_context){
		.zygote = zygote,
		.zygote_pid = zygote_pid,
		.iteration = trial->plan.iteration,
		.replay = trial->token,
		.gil = trial->gil,
		.tests = trial->ids,
		.test_count = trial->count,
	};
}
