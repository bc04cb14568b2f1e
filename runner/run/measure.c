/* measure.c - see measure.h. */
#include "runner/run/measure.h"

#include <stdlib.h>

#include "runner/base/util.h"

#define BUDGET 3600.0  /* seconds; it is ended as soon as nobody wants it */
#define WANTED_FOR 2.0 /* ... which is so long after the last word */
#define SHORTEST 0.001 /* seconds: 0 stands for "not known" */

/* What is measured: how long depends on the number of threads, and on the GIL. */
struct measured {
	size_t test;
	unsigned threads;
	bool pairs, gil;
	double seconds; /* 0 = not known */
};

struct measure {
	struct measured *items;
	size_t count, capacity;
	size_t wanted;    /* its index, + 1; 0 = none */
	double wanted_at; /* now_seconds() */
	/* Of the trial that is in doubt. */
	struct trial_plan plan;
	char *token;
};

struct measure *measure_new(void)
{
	return xcalloc(1, sizeof(struct measure));
}

void measure_free(struct measure *measure)
{
	if (!measure)
		return;
	free(measure->items);
	free(measure->token);
	free(measure);
}

static struct measured key_of(const struct trial *trial)
{
	return (struct measured){ .test = trial->tests[trial->running],
				  .threads = trial->threads[trial->running],
				  .pairs = trial->pairs,
				  .gil = trial->gil };
}

/* Its index, + 1; 0 = there is none. */
static size_t find(const struct measure *measure, const struct measured *key)
{
	for (size_t i = 0; i < measure->count; i++) {
		const struct measured *item = &measure->items[i];
		if (item->test == key->test && item->threads == key->threads &&
		    item->pairs == key->pairs && item->gil == key->gil)
			return i + 1;
	}
	return 0;
}

double measure_of(const struct measure *measure, const struct trial *trial)
{
	if (trial->running >= trial->count)
		return 0;
	struct measured key = key_of(trial);
	size_t at = find(measure, &key);
	return at ? measure->items[at - 1].seconds : 0;
}

void measure_want(struct measure *measure, const struct trial *trial, double now)
{
	if (trial->running >= trial->count)
		return;
	struct measured key = key_of(trial);
	size_t at = find(measure, &key);
	bool busy = measure->wanted && measure_is_wanted(measure, now) && at != measure->wanted;
	if (busy || (at && measure->items[at - 1].seconds != 0))
		return;
	if (!at) {
		ARRAY_PUSH(measure->items, measure->count, measure->capacity, key);
		at = measure->count;
	}
	if (at != measure->wanted) {
		free(measure->token);
		measure->token = xstrdup(trial->token);
		measure->plan = trial->plan;
		measure->plan.tests = NULL;
		measure->wanted = at;
	}
	measure->wanted_at = now;
}

bool measure_is_wanted(const struct measure *measure, double now)
{
	return measure->wanted && now - measure->wanted_at < WANTED_FOR;
}

struct trial *measure_next(struct measure *measure, const struct plan_test *tests,
			   const struct plan_test *pairs, double now)
{
	if (!measure_is_wanted(measure, now))
		return NULL;
	const struct measured *wanted = &measure->items[measure->wanted - 1];
	struct trial_plan plan = measure->plan;
	plan.schedule = SCHEDULE_ONE_BY_ONE;
	plan.explored = false;
	plan.threads = wanted->threads;
	plan.gil = wanted->gil;
	plan.tests = xcalloc(1, sizeof *plan.tests);
	plan.tests[0] = wanted->test;
	plan.test_count = 1;
	struct trial *trial =
		trial_new(&plan, (struct replay_token){ 0 }, BUDGET, wanted->pairs ? pairs : tests);
	trial->measures = true;
	trial->pairs = wanted->pairs;
	free(trial->token);
	trial->token = xstrdup(measure->token);
	return trial;
}

void measure_take(struct measure *measure, const struct trial *trial)
{
	struct measured key = { .test = trial->tests[0],
				.threads = trial->plan.threads,
				.pairs = trial->pairs,
				.gil = trial->gil };
	size_t at = find(measure, &key);
	bool ended = trial->states[0] == TEST_ENDED;
	bool passed = ended && trial->outcomes[0] != FTS_OUTCOME_FAILED &&
		      trial->outcomes[0] != FTS_OUTCOME_ERROR;
	/* What was ended because nobody wanted it any more is not known. */
	if (!at || (!ended && trial->killed == KILL_INTERRUPT))
		return;
	double seconds = trial->seconds[0] > SHORTEST ? trial->seconds[0] : SHORTEST;
	measure->items[at - 1].seconds = passed ? seconds : -1;
	measure->wanted = measure->wanted == at ? 0 : measure->wanted;
}
