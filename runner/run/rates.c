/* rates.c - see rates.h. */
#include "runner/run/rates.h"

#include <stdbool.h>
#include <stdlib.h>

#include "runner/base/map.h"
#include "runner/base/util.h"
#include "runner/model/rate.h"
#include "runner/plan/settings.h"
#include "runner/run/history.h"

enum { RATES_MAX = 1000 }; /* each is a question to the store: some seconds for all of them */
enum { ITERATIONS_MAX = 1000 };

/* ---- iterations ---- */

struct seeking {
	struct map places; /* of findings, by their ids */
	struct finding_rate *rates;
	uint64_t seed;
};

static void take_token(void *context, const char *finding, const char *token)
{
	struct seeking *seeking = context;
	struct replay_token parsed;
	uint64_t place = map_get(&seeking->places, hash_string(0, finding));
	if (place == MAP_NONE || !replay_token_parse(token, &parsed) || parsed.pairs ||
	    parsed.switches || parsed.seed != seeking->seed)
		return;
	struct finding_rate *rate = &seeking->rates[place];
	if (rate->iteration_count == ITERATIONS_MAX)
		return;
	rate->iterations =
		xrealloc(rate->iterations, (rate->iteration_count + 1) * sizeof *rate->iterations);
	rate->iterations[rate->iteration_count++] = (uint32_t)parsed.iteration;
}

static int by_number(const void *left, const void *right)
{
	uint32_t a = *(const uint32_t *)left, b = *(const uint32_t *)right;
	return a < b ? -1 : a > b;
}

static void set_iterations(struct store *store, int64_t run, const char *seed,
			   const struct finding *const *findings, size_t count,
			   struct finding_rate *rates)
{
	struct seeking seeking = { .rates = rates, .seed = strtoull(seed ? seed : "", NULL, 16) };
	for (size_t i = 0; i < count; i++)
		map_set(&seeking.places, hash_string(0, findings[i]->id), i);
	store_tokens(store, run, take_token, &seeking);
	for (size_t i = 0; i < count; i++)
		if (rates[i].iteration_count)
			qsort(rates[i].iterations, rates[i].iteration_count,
			      sizeof *rates[i].iterations, by_number);
	map_free(&seeking.places);
}

/* ---- rates ---- */

void rates_free(struct finding_rate *rates, size_t count)
{
	for (size_t i = 0; rates && i < count; i++)
		free(rates[i].iterations);
	free(rates);
}

struct finding_rate *rates_of(struct store *store, int64_t run, const char *seed,
			      const struct finding *const *findings, size_t count)
{
	bool counted = false;
	if (store_counts_turns(store, run, &counted) || !counted)
		return NULL;
	struct finding_rate *rates = xcalloc(count + 1, sizeof *rates);
	size_t asked = 0;
	for (size_t i = 0; i < count && asked < RATES_MAX; i++) {
		struct history history;
		if (findings[i]->status != STATUS_NEW && findings[i]->status != STATUS_KNOWN)
			continue;
		asked++;
		if (history_get(store, findings[i]->id, &history))
			break;
		rates[i].seen = history.seen;
		rates[i].turns = history.before;
		rates[i].back = history.back == run;
		struct rate_interval rate = rate_of(history.seen, history.before);
		rates[i].low = rate.low;
		rates[i].high = rate.high;
	}
	set_iterations(store, run, seed, findings, count, rates);
	return rates;
}
