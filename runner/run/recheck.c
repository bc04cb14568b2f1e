/* recheck.c - see recheck.h. */
#include "runner/run/recheck.h"

#include <stdlib.h>
#include <string.h>

#include "runner/base/map.h"
#include "runner/base/util.h"

/* A finding, and what is known of whether it shows with the level as-written. */
struct question {
	char *id;
	size_t test;
	unsigned begun;      /* how often its test was run, also in vain */
	unsigned runs, seen; /* how many runs count, and in how many of these it was seen */
	double seconds;      /* that the runs took */
};

struct recheck {
	struct recheck_options options;
	struct question *questions;
	size_t count, capacity;
	struct map by_id; /* hashes of the ids of the questions */
	double started;   /* now_seconds() when the run began */
	double began;     /* the same when the first of these trials began; 0 = none has */
	uint32_t trials;
	bool stopped;
};

struct recheck *recheck_new(const struct recheck_options *options)
{
	struct recheck *recheck = xcalloc(1, sizeof *recheck);
	recheck->options = *options;
	recheck->started = now_seconds();
	return recheck;
}

void recheck_free(struct recheck *recheck)
{
	if (!recheck)
		return;
	for (size_t i = 0; i < recheck->count; i++)
		free(recheck->questions[i].id);
	free(recheck->questions);
	map_free(&recheck->by_id);
	free(recheck);
}

static int by_id(const void *key, const void *item)
{
	return strcmp(key, ((const struct plan_test *)item)->id);
}

/* The first of the finding's tests that the suite has. */
static const struct plan_test *test_of(const struct recheck *recheck, const struct finding *finding)
{
	const struct plan_test *test = NULL;
	for (size_t i = 0; !test && i < finding->test_count; i++)
		test = bsearch(finding->tests[i], recheck->options.tests,
			       recheck->options.test_count, sizeof *test, by_id);
	return test;
}

/*
 * Races that came with the GIL only are left out: there is no zygote with the GIL and as-written.
 */
static bool is_asked_about(const struct finding *finding)
{
	return finding_is_race(finding) && finding->status == STATUS_NEW && finding->gil_off &&
	       !finding->as_written_runs;
}

/* Adds a question for each finding that has come since the last call. */
static void look_for_questions(struct recheck *recheck)
{
	size_t count;
	const struct finding *const *findings =
		collator_findings(recheck->options.findings, &count);
	for (size_t i = 0; i < count; i++) {
		uint64_t hash = hash_string(0, findings[i]->id);
		if (!is_asked_about(findings[i]) || map_get(&recheck->by_id, hash) != MAP_NONE)
			continue;
		const struct plan_test *test = test_of(recheck, findings[i]);
		if (!test)
			continue;
		map_set(&recheck->by_id, hash, 0);
		struct question question = { .id = xstrdup(findings[i]->id),
					     .test = (size_t)(test - recheck->options.tests) };
		ARRAY_PUSH(recheck->questions, recheck->count, recheck->capacity, question);
	}
}

static bool is_over(struct recheck *recheck)
{
	double now = now_seconds();
	if (recheck->began <= 0)
		recheck->began = now;
	double share = recheck->options.share * (recheck->began - recheck->started);
	double total = recheck->options.total;
	return now - recheck->began >= (share > total ? share : total);
}

struct trial *recheck_next(struct recheck *recheck)
{
	look_for_questions(recheck);
	const struct question *next = NULL;
	for (size_t i = 0; i < recheck->count; i++) {
		const struct question *question = &recheck->questions[i];
		if (question->begun < RECHECK_RUNS && question->seconds < RECHECK_SECONDS &&
		    (!next || question->begun < next->begun))
			next = question;
	}
	if (!next || recheck->stopped || is_over(recheck))
		return NULL;
	size_t test = next->test;
	for (size_t i = 0; i < recheck->count; i++)
		recheck->questions[i].begun += recheck->questions[i].test == test;
	uint64_t seed = hash_string(++recheck->trials, recheck->options.tests[test].id);
	struct trial_plan plan = { .iteration = recheck->trials,
				   .threads = recheck->options.threads,
				   .schedule = SCHEDULE_OVERLAP,
				   .switch_interval = recheck->options.switch_interval,
				   .seed = (uint32_t)(seed ^ seed >> 32),
				   .tests = xmalloc(sizeof *plan.tests),
				   .test_count = 1 };
	plan.tests[0] = test;
	struct trial *trial = trial_new(&plan, (struct replay_token){ 0 }, RECHECK_SECONDS,
					recheck->options.tests);
	trial->as_written = true;
	return trial;
}

void recheck_stop(struct recheck *recheck)
{
	recheck->stopped = true;
}

static bool contains(const struct occurrence *seen, size_t count, const char *id)
{
	for (size_t i = 0; i < count; i++)
		if (!strcmp(seen[i].finding->id, id))
			return true;
	return false;
}

void recheck_take(struct recheck *recheck, const struct trial *trial)
{
	size_t count;
	const struct occurrence *seen = collator_occurrences(recheck->options.own, &count);
	bool whole = trial->states[0] == TEST_ENDED;
	double seconds = trial->forked > 0 ? now_seconds() - trial->forked : 0;
	for (size_t i = 0; i < recheck->count; i++) {
		struct question *question = &recheck->questions[i];
		if (question->test != trial->tests[0])
			continue;
		bool came = contains(seen, count, question->id);
		question->seconds += seconds;
		question->runs += came || whole; /* a run that was cut off proves nothing */
		question->seen += came;
	}
	collator_occurrences_done(recheck->options.own);
}

int recheck_tell(struct recheck *recheck, struct store *store)
{
	size_t untried = 0;
	int code = 0;
	look_for_questions(recheck);
	for (size_t i = 0; i < recheck->count; i++) {
		const struct question *question = &recheck->questions[i];
		untried += question->runs == 0;
		if (!question->runs)
			continue;
		const struct finding *finding = collator_as_written(
			recheck->options.findings, question->id, question->runs, question->seen);
		if (!code)
			code = store_finding(store, finding);
	}
	if (untried) {
		char *text = xprintf("%zu of %zu new data races were not tried with the order as "
				     "written: %s",
				     untried, recheck->count,
				     recheck->stopped ? "its process does not start"
						      : "the time for that was over");
		collator_note(recheck->options.findings, text);
		free(text);
	}
	return code;
}
