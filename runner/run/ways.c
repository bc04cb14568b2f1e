/* ways.c - see ways.h. */
#include "runner/run/ways.h"

#include <stdlib.h>
#include <string.h>

#include "runner/base/util.h"

#define TOKENS_MOST 3u  /* that are repeated */
#define TESTS_MOST 2u   /* that are tried with other seeds */
#define NOT_RUN_MOST 2u /* then it is no way any more */

static int by_id(const void *key, const void *item)
{
	return strcmp(key, ((const struct plan_test *)item)->id);
}

size_t ways_test(const struct plan_test *tests, size_t count, const char *id)
{
	const struct plan_test *test = bsearch(id, tests, count, sizeof *test, by_id);
	return test ? (size_t)(test - tests) : SIZE_MAX;
}

static bool same_token(struct replay_token a, struct replay_token b)
{
	return a.seed == b.seed && a.iteration == b.iteration && a.slice == b.slice &&
	       a.switches == b.switches;
}

/* Does the plan deal the test in this slice, with others? */
static bool in_slice(const struct ways *ways, struct replay_token token, size_t test)
{
	struct trial_plan plan;
	bool found = false;
	plan_trial(ways->plan, ways->settings, token, &plan);
	for (size_t i = 0; i < plan.test_count; i++)
		found = found || plan.tests[i] == test;
	bool more = plan.test_count > 1;
	trial_plan_clear(&plan);
	return found && more;
}

static void add(struct ways *ways, struct way way)
{
	ARRAY_PUSH(ways->items, ways->count, ways->capacity, way);
}

static size_t tokens_of(const struct ways *ways, struct replay_token token, bool *known)
{
	size_t tokens = 0;
	for (size_t i = 0; i < ways->count; i++) {
		tokens += !ways->items[i].whole;
		*known = *known || same_token(ways->items[i].token, token);
	}
	return tokens;
}

uint64_t ways_slice(const struct ways *ways, size_t test)
{
	size_t slices = plan_slices(ways->plan);
	for (uint64_t slice = 0; slice < slices; slice++) {
		struct trial_plan plan;
		bool found = false;
		plan_trial(ways->plan, ways->settings, (struct replay_token){ .slice = slice },
			   &plan);
		for (size_t i = 0; i < plan.test_count; i++)
			found = found || plan.tests[i] == test;
		trial_plan_clear(&plan);
		if (found)
			return slice;
	}
	return 0;
}

static void add_other_seeds(struct ways *ways, const struct store_witness *witnesses, size_t count)
{
	size_t tests[TESTS_MOST], found = 0;
	for (size_t i = 0; i < count && found < TESTS_MOST; i++) {
		size_t test = ways_test(ways->tests, ways->test_count, witnesses[i].test);
		bool known = test == SIZE_MAX;
		for (size_t k = 0; k < found; k++)
			known = known || tests[k] == test;
		if (known)
			continue;
		tests[found++] = test;
		struct replay_token token = { .slice = ways_slice(ways, test),
					      .pairs = ways->settings->replay.pairs };
		/* Where turns are passed on was planned, and chance is the next best. */
		token.switches = ways->settings->explore ? FTS_SWITCHES_BY_SEED : 0;
		add(ways, (struct way){ .token = token, .test = test, .other_seed = true });
	}
}

void ways_init(struct ways *ways, struct plan *plan, const struct settings *settings,
	       const struct plan_test *tests, size_t test_count,
	       const struct store_witness *witnesses, size_t count)
{
	*ways = (struct ways){
		.plan = plan, .settings = settings, .tests = tests, .test_count = test_count
	};
	for (size_t i = 0; i < count && witnesses[i].run == witnesses[0].run; i++) {
		struct replay_token token;
		size_t test = ways_test(tests, test_count, witnesses[i].test);
		bool known = false;
		ways->missing += test == SIZE_MAX && *witnesses[i].test;
		if (test == SIZE_MAX || !replay_token_parse(witnesses[i].token, &token) ||
		    token.pairs != settings->replay.pairs)
			continue;
		if (tokens_of(ways, token, &known) == TOKENS_MOST || known)
			continue;
		add(ways, (struct way){ .token = token, .test = test });
		if (in_slice(ways, token, test))
			add(ways, (struct way){ .token = token, .test = test, .whole = true });
	}
	add_other_seeds(ways, witnesses, count);
}

void ways_clear(struct ways *ways)
{
	free(ways->items);
	*ways = (struct ways){ 0 };
}

/* (seen + 1) / (tries + 2) of two ways; the one that stands first is better where they are equal. */
static bool is_better(const struct way *way, const struct way *than)
{
	return (way->seen + 1) * (than->tries + 2) > (than->seen + 1) * (way->tries + 2);
}

bool ways_next(struct ways *ways, struct hunt_try *next)
{
	ways->now = ways->count;
	for (size_t i = 0; i < ways->count; i++)
		if (ways->items[i].not_run < NOT_RUN_MOST &&
		    (ways->now == ways->count ||
		     is_better(&ways->items[i], &ways->items[ways->now])))
			ways->now = i;
	if (ways->now == ways->count)
		return false;
	const struct way *way = &ways->items[ways->now];
	next->token = way->token;
	if (way->other_seed) {
		next->token.seed = ways->seed;
		next->token.iteration = ways->seeds++;
	}
	if (!way->whole) {
		next->tests = &way->test;
		next->test_count = 1;
	}
	return true;
}

void ways_took(struct ways *ways, const struct hunt_result *result)
{
	struct way *way = &ways->items[ways->now];
	way->not_run = result->ran ? 0 : way->not_run + 1;
	way->tries += result->ran;
	way->seen += result->seen;
}

const struct way *ways_best(const struct ways *ways)
{
	const struct way *best = NULL;
	for (size_t i = 0; i < ways->count; i++)
		if (ways->items[i].seen && (!best || is_better(&ways->items[i], best)))
			best = &ways->items[i];
	return best;
}

void ways_add(struct buf *out, const struct ways *ways, const struct way *way)
{
	char *token = replay_token_text(way->token);
	buf_printf(out, "%s%s", ways->tests[way->test].id,
		   way->whole ? " with the others of its iteration" : " alone");
	if (way->other_seed)
		buf_puts(out, ", with other seeds");
	else
		buf_printf(out, ", token %s", token);
	free(token);
}

void ways_add_threads(struct buf *out, const struct hunt_result *result)
{
	buf_printf(out, "in %u thread%s", result->threads, result->threads == 1 ? "" : "s");
	if (result->threads > 1)
		buf_puts(out, result->schedule == SCHEDULE_OVERLAP ? " that overlap"
								   : " that take turns");
}
