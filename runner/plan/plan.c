/* plan.c - see plan.h. */
#include "runner/plan/plan.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runner/base/util.h"

/* The tests of one file and stage, in plan.grouped. */
struct group {
	size_t first, count;
	unsigned stage;
};

struct slice {
	size_t first, count; /* in deck.order */
};

/* One pass over all tests. */
struct deck {
	uint64_t pass;
	bool ready;           /* false: it has to be dealt first */
	size_t *order;        /* test indices; the tests of a slice stand together */
	struct slice *slices; /* in the order in which they are run */
	size_t slice_count, slice_capacity;
};

struct plan {
	size_t count, slice;
	uint64_t hash;   /* of all ids */
	size_t *grouped; /* test indices, sorted by stage and file */
	struct group *groups;
	size_t group_count, group_capacity;
	struct deck deck; /* of the pass that was asked for last */
};

/* Draws from 0..bound-1. The bias is negligible, since bound is far below 2^32 (Lemire, 2019). */
static uint64_t draw_below(uint64_t *state, uint64_t bound)
{
	return (uint64_t)(((__uint128_t)splitmix64(state) * bound) >> 64);
}

static void shuffle(size_t *items, size_t count, uint64_t *state)
{
	for (size_t i = count; i > 1; i--) {
		size_t j = (size_t)draw_below(state, i);
		size_t item = items[i - 1];
		items[i - 1] = items[j];
		items[j] = item;
	}
}

struct keyed {
	const char *file;
	size_t index;
	unsigned stage;
};

static int by_stage_and_file(const void *left, const void *right)
{
	const struct keyed *a = left, *b = right;
	if (a->stage != b->stage)
		return a->stage < b->stage ? -1 : 1;
	int order = strcmp(a->file, b->file);
	return order ? order : (a->index > b->index) - (a->index < b->index);
}

static void group_by_file(struct plan *plan, const struct plan_test *tests)
{
	struct keyed *keyed = xcalloc(plan->count, sizeof *keyed);
	for (size_t i = 0; i < plan->count; i++)
		keyed[i] = (struct keyed){ tests[i].file, i, tests[i].stage };
	qsort(keyed, plan->count, sizeof *keyed, by_stage_and_file);
	plan->grouped = xcalloc(plan->count, sizeof *plan->grouped);
	for (size_t i = 0; i < plan->count; i++) {
		plan->grouped[i] = keyed[i].index;
		if (i == 0 || keyed[i].stage != keyed[i - 1].stage ||
		    strcmp(keyed[i].file, keyed[i - 1].file) != 0)
			ARRAY_PUSH(plan->groups, plan->group_count, plan->group_capacity,
				   ((struct group){ i, 0, keyed[i].stage }));
		plan->groups[plan->group_count - 1].count++;
	}
	free(keyed);
}

struct plan *plan_new(const struct plan_test *tests, size_t count, size_t slice)
{
	struct plan *plan = xcalloc(1, sizeof *plan);
	plan->count = count;
	plan->slice = slice;
	for (size_t i = 0; i < count; i++)
		plan->hash = hash_bytes(plan->hash, tests[i].id, strlen(tests[i].id) + 1);
	group_by_file(plan, tests);
	return plan;
}

static void deck_clear(struct deck *deck)
{
	free(deck->order);
	free(deck->slices);
	*deck = (struct deck){ 0 };
}

void plan_free(struct plan *plan)
{
	if (!plan)
		return;
	deck_clear(&plan->deck);
	free(plan->grouped);
	free(plan->groups);
	free(plan);
}

/* What is left of a file when its whole slices are cut off, and the bin that it goes into. */
struct remainder {
	size_t first, count; /* in the shuffled order by file */
	size_t bin;
};

static int larger_first(const void *left, const void *right)
{
	const struct remainder *a = left, *b = right;
	if (a->count != b->count)
		return a->count > b->count ? -1 : 1;
	/*
	 * Until the remainders are packed, `bin` is a random rank: it decides between equal ones.
	 */
	return (a->bin > b->bin) - (a->bin < b->bin);
}

/* The groups of one stage. */
struct stage {
	const struct group *groups;
	size_t count;
};

/*
 * Cuts whole slices off each file. Returns the remainders: one for each group, some of them empty.
 */
static struct remainder *cut_files(const struct plan *plan, const struct stage *stage,
				   struct deck *deck, size_t *shuffled, size_t *used,
				   uint64_t *state)
{
	struct remainder *rests = xcalloc(stage->count, sizeof *rests);
	size_t *rank = xcalloc(stage->count, sizeof *rank);
	for (size_t g = 0; g < stage->count; g++)
		rank[g] = g;
	shuffle(rank, stage->count, state);
	for (size_t g = 0; g < stage->count; g++) {
		const struct group *group = &stage->groups[g];
		shuffle(shuffled + group->first, group->count, state);
		size_t whole = group->count / plan->slice * plan->slice;
		for (size_t at = 0; at < whole; at += plan->slice) {
			ARRAY_PUSH(deck->slices, deck->slice_count, deck->slice_capacity,
				   ((struct slice){ *used, plan->slice }));
			memcpy(deck->order + *used, shuffled + group->first + at,
			       plan->slice * sizeof *shuffled);
			*used += plan->slice;
		}
		rests[g] =
			(struct remainder){ group->first + whole, group->count - whole, rank[g] };
	}
	free(rank);
	return rests;
}

/*
 * Packs the remainders into bins: the largest first, each into the first bin that has room. Sets
 * each one's `bin`, and returns the number of bins.
 */
static size_t pack(struct remainder *rests, size_t count, size_t capacity)
{
	qsort(rests, count, sizeof *rests, larger_first);
	size_t *room = xcalloc(count, sizeof *room);
	size_t bins = 0, open = 0;
	for (size_t i = 0; i < count && rests[i].count; i++) {
		while (open < bins && room[open] == 0)
			open++;
		size_t bin = open;
		while (bin < bins && room[bin] < rests[i].count)
			bin++;
		if (bin == bins)
			room[bins++] = capacity;
		room[bin] -= rests[i].count;
		rests[i].bin = bin;
	}
	free(room);
	return bins;
}

/* Returns how many of deck.order are used then. */
static size_t place_remainders(const struct plan *plan, size_t count, struct deck *deck,
			       const size_t *shuffled, struct remainder *rests, size_t used)
{
	size_t bins = pack(rests, count, plan->slice);
	size_t base = deck->slice_count;
	for (size_t bin = 0; bin < bins; bin++)
		ARRAY_PUSH(deck->slices, deck->slice_count, deck->slice_capacity,
			   ((struct slice){ 0, 0 }));
	for (size_t i = 0; i < count && rests[i].count; i++) {
		assert(rests[i].bin < bins);
		deck->slices[base + rests[i].bin].count += rests[i].count;
	}
	for (size_t bin = 0; bin < bins; bin++) {
		struct slice *slice = &deck->slices[base + bin];
		slice->first = used;
		used += slice->count;
		slice->count = 0;
	}
	for (size_t i = 0; i < count && rests[i].count; i++) {
		struct slice *slice = &deck->slices[base + rests[i].bin];
		memcpy(deck->order + slice->first + slice->count, shuffled + rests[i].first,
		       rests[i].count * sizeof *shuffled);
		slice->count += rests[i].count;
	}
	return used;
}

/* Adds the slices of a stage, shuffled. */
static void deal_stage(const struct plan *plan, const struct stage *stage, struct deck *deck,
		       size_t *shuffled, size_t *used, uint64_t *state)
{
	size_t before = deck->slice_count;
	struct remainder *rests = cut_files(plan, stage, deck, shuffled, used, state);
	*used = place_remainders(plan, stage->count, deck, shuffled, rests, *used);
	for (size_t i = deck->slice_count - before; i > 1; i--) {
		size_t j = before + (size_t)draw_below(state, i), last = before + i - 1;
		struct slice slice = deck->slices[last];
		deck->slices[last] = deck->slices[j];
		deck->slices[j] = slice;
	}
	free(rests);
}

/* Makes the deck of a pass, if it is not at hand. */
static void deal(struct plan *plan, uint64_t pass)
{
	struct deck *deck = &plan->deck;
	if (deck->ready && deck->pass == pass)
		return;
	deck_clear(deck);
	uint64_t state = plan->hash ^ pass * 0xd1342543de82ef95ull;
	size_t *shuffled = xcalloc(plan->count, sizeof *shuffled);
	memcpy(shuffled, plan->grouped, plan->count * sizeof *shuffled);
	deck->order = xcalloc(plan->count, sizeof *deck->order);
	size_t used = 0, end;
	for (size_t first = 0; first < plan->group_count; first = end) {
		for (end = first; end < plan->group_count &&
				  plan->groups[end].stage == plan->groups[first].stage;)
			end++;
		deal_stage(plan, &(struct stage){ plan->groups + first, end - first }, deck,
			   shuffled, &used, &state);
	}
	free(shuffled);
	deck->pass = pass;
	deck->ready = true;
}

size_t plan_slices(const struct plan *plan)
{
	/* Only the sizes of the files matter, so it is the same for all passes. */
	struct plan scratch = *plan;
	scratch.deck = (struct deck){ 0 };
	deal(&scratch, 0);
	size_t count = scratch.deck.slice_count;
	deck_clear(&scratch.deck);
	return count;
}

static enum schedule_choice schedule_of(const struct settings *settings, bool gil, bool one_in_two)
{
	if (gil)
		return SCHEDULE_OVERLAP;
	if (settings->schedule != SCHEDULE_MIXED)
		return settings->schedule;
	return one_in_two && settings->order == ORDER_MEANT ? SCHEDULE_TURNS : SCHEDULE_OVERLAP;
}

/* Draws from [low, high], log-uniformly. Rounded, because libms differ in the last bit. */
static double draw_interval(uint64_t *state, double low, double high)
{
	double unit = (double)(splitmix64(state) >> 11) * 0x1p-53;
	double value = low < high ? exp(log(low) + unit * (log(high) - log(low))) : low;
	char text[32];
	snprintf(text, sizeof text, "%.3g", value);
	double rounded = strtod(text, NULL);
	return rounded < low ? low : rounded > high ? high : rounded;
}

void plan_draw(const struct settings *settings, struct replay_token token, struct trial_plan *trial)
{
	uint64_t state = token.seed;
	state = splitmix64(&state) ^ token.iteration;
	*trial = (struct trial_plan){ .iteration = token.iteration,
				      .slice = token.slice,
				      .explored = settings->explore,
				      .switches = token.switches };
	/*
	 * Each draw is made whether it is used or not: so a fixed number of threads changes nothing
	 * but that. A new draw has to come last, or old tokens would name other iterations.
	 */
	uint64_t span = settings->threads_max - settings->threads_min + 1;
	trial->threads = settings->threads_min + (unsigned)draw_below(&state, span);
	trial->switch_interval =
		draw_interval(&state, settings->interval_min, settings->interval_max);
	bool one_in_eight = draw_below(&state, 8) == 0;
	trial->gil = settings->gil == GIL_ON || (settings->gil == GIL_MIXED && one_in_eight);
	trial->seed = (uint32_t)(splitmix64(&state) >> 32);
	trial->schedule = schedule_of(settings, trial->gil, draw_below(&state, 2) == 0);
}

void plan_trial(struct plan *plan, const struct settings *settings, struct replay_token token,
		struct trial_plan *trial)
{
	plan_draw(settings, token, trial);
	if (!plan->deck.ready)
		deal(plan, 0);
	size_t slices = plan->deck.slice_count;
	assert(slices); /* there is at least one test */
	unsigned every = settings_python_every(settings);
	trial->python_races = every && (token.iteration < slices || token.iteration % every == 0);
	deal(plan, token.slice / slices);
	assert(plan->deck.slice_count == slices && plan->deck.slices);
	const struct slice *slice = &plan->deck.slices[token.slice % slices];
	trial->test_count = slice->count;
	trial->tests = xcalloc(slice->count, sizeof *trial->tests);
	memcpy(trial->tests, plan->deck.order + slice->first, slice->count * sizeof *trial->tests);
}

void trial_plan_clear(struct trial_plan *trial)
{
	free(trial->tests);
	*trial = (struct trial_plan){ 0 };
}

/* Of the slices of a pass before slice `end`: puts those of their tests that are wanted into
 * `leftovers`, slice by slice. */
static void take_leftovers(struct plan *plan, uint64_t pass, uint64_t end, bool *wanted,
			   struct leftover **leftovers, size_t *count, size_t *capacity)
{
	deal(plan, pass);
	const struct deck *deck = &plan->deck;
	for (size_t s = 0; s < deck->slice_count && pass * deck->slice_count + s < end; s++) {
		const struct slice *slice = &deck->slices[s];
		struct leftover leftover = { .slice = pass * deck->slice_count + s };
		size_t room = 0;
		for (size_t i = 0; i < slice->count; i++) {
			size_t test = deck->order[slice->first + i];
			if (!wanted[test])
				continue;
			wanted[test] = false;
			ARRAY_PUSH(leftover.tests, leftover.test_count, room, test);
		}
		if (leftover.test_count)
			ARRAY_PUSH(*leftovers, *count, *capacity, leftover);
	}
}

static int by_slice(const void *left, const void *right)
{
	const struct leftover *a = left, *b = right;
	return (a->slice > b->slice) - (a->slice < b->slice);
}

size_t plan_leftovers(struct plan *plan, uint64_t first_slice, const size_t *tests, size_t count,
		      struct leftover **leftovers)
{
	size_t found = 0, capacity = 0;
	size_t slices = plan_slices(plan);
	assert(slices); /* there is at least one test */
	uint64_t pass = first_slice / slices;
	bool *wanted = xcalloc(plan->count, sizeof *wanted);
	for (size_t i = 0; i < count; i++)
		wanted[tests[i]] = true;
	*leftovers = NULL;
	/*
	 * First look in the deck that was begun, for its slices came last; then in the one before.
	 */
	take_leftovers(plan, pass, first_slice, wanted, leftovers, &found, &capacity);
	if (pass)
		take_leftovers(plan, pass - 1, first_slice, wanted, leftovers, &found, &capacity);
	free(wanted);
	if (found)
		qsort(*leftovers, found, sizeof **leftovers, by_slice);
	return found;
}

void leftovers_clear(struct leftover *leftovers, size_t count)
{
	for (size_t i = 0; i < count; i++)
		free(leftovers[i].tests);
	free(leftovers);
}

struct replay_token plan_iteration(struct plan *plan, const struct settings *settings,
				   const struct plan_start *start, uint64_t iteration,
				   struct trial_plan *trial)
{
	struct replay_token token = { .seed = start->seed,
				      .iteration = iteration,
				      .slice = start->first_slice + iteration };
	const struct leftover *leftover =
		iteration < start->leftover_count ? &start->leftovers[iteration] : NULL;
	if (settings->replay_given)
		token = settings->replay;
	else if (leftover)
		token.slice = leftover->slice;
	plan_trial(plan, settings, token, trial);
	trial->iteration = iteration; /* each repetition of a token has a number of its own */
	if (leftover) {
		trial->test_count = leftover->test_count;
		memcpy(trial->tests, leftover->tests, leftover->test_count * sizeof *trial->tests);
	}
	return token;
}

unsigned plan_slice_for(size_t tests, uint64_t iterations)
{
	const unsigned least = 20, most = 100;
	uint64_t even = iterations ? (tests + iterations - 1) / iterations : least;
	return even < least ? least : even > most ? most : (unsigned)even;
}
