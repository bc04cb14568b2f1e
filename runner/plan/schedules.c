/* schedules.c - see schedules.h. */
#include "runner/plan/schedules.h"

#include <inttypes.h>
#include <stdlib.h>

#include "runner/base/map.h"
#include "runner/base/util.h"

/* With two switches; of further ones it is only known how many there are. */
#define KEPT_MOST 4000000u

struct level {
	uint64_t *items;
	size_t count, capacity, next; /* next: to be handed out */
	uint64_t known, run, out;     /* out: handed out, and not back */
};

struct schedules {
	uint64_t random;
	struct level levels[SCHEDULES_LEVELS];
	bool cut, shuffled;
	uint64_t left, dark, places;
};

struct schedules *schedules_new(uint64_t seed)
{
	struct schedules *schedules = xcalloc(1, sizeof *schedules);
	struct level *none = &schedules->levels[0];
	schedules->random = seed;
	ARRAY_PUSH(none->items, none->count, none->capacity, 0);
	none->known = 1;
	return schedules;
}

void schedules_free(struct schedules *schedules)
{
	for (size_t i = 0; schedules && i < SCHEDULES_LEVELS; i++)
		free(schedules->levels[i].items);
	free(schedules);
}

static size_t level_of(uint64_t switches)
{
	return !switches ? 0 : switches >> 32 ? 2 : 1;
}

static void shuffle(struct schedules *schedules, struct level *level)
{
	for (size_t i = level->count; i > 1; i--) {
		size_t j = (size_t)(splitmix64(&schedules->random) % i);
		uint64_t item = level->items[i - 1];
		level->items[i - 1] = level->items[j];
		level->items[j] = item;
	}
}

static bool is_over(const struct level *level)
{
	return level->next == level->count && !level->out;
}

bool schedules_next(struct schedules *schedules, uint64_t *switches)
{
	for (size_t i = 0; i < SCHEDULES_LEVELS; i++) {
		struct level *level = &schedules->levels[i];
		/* Those with more switches are all known now. */
		if (i == 2 && !schedules->shuffled)
			shuffle(schedules, level);
		schedules->shuffled = schedules->shuffled || i == 2;
		if (level->next < level->count) {
			*switches = level->items[level->next++];
			level->out++;
			return true;
		}
		if (level->out)
			return false;
	}
	return false;
}

bool schedules_are_over(const struct schedules *schedules)
{
	for (size_t i = 0; i < SCHEDULES_LEVELS; i++)
		if (!is_over(&schedules->levels[i]))
			return false;
	return true;
}

/* By variable: the threads that use it, one bit each, and whether one writes (bit 63). */
#define WRITTEN (1ull << 63)

static void learn_variables(struct map *users, const struct fts_touch *touches, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		uint64_t known = map_get(users, touches[i].variable);
		uint64_t bits = known == MAP_NONE ? 0 : known;
		bits |= touches[i].thread < 62 ? 1ull << touches[i].thread : 0;
		map_set(users, touches[i].variable, bits | (touches[i].write ? WRITTEN : 0));
	}
}

static bool is_contended(const struct map *users, uint64_t variable)
{
	uint64_t bits = map_get(users, variable);
	return bits & WRITTEN && __builtin_popcountll(bits & ~WRITTEN) > 1;
}

static void add(struct schedules *schedules, uint64_t first, uint32_t next)
{
	uint64_t switches = first ? FTS_SWITCHES(first, next) : FTS_SWITCHES(next, 0);
	struct level *level = &schedules->levels[level_of(switches)];
	level->known++;
	if (level->count >= KEPT_MOST) {
		schedules->cut = true;
		return;
	}
	ARRAY_PUSH(level->items, level->count, level->capacity, switches);
}

/* Adds what there is to try behind the last switch; returns how many places there are. */
static uint64_t add_places(struct schedules *schedules, uint64_t switches,
			   const struct fts_touch *touches, size_t count)
{
	struct map users = { 0 };
	uint64_t places = 0;
	uint32_t last = (uint32_t)switches / FTS_SWITCH_THREADS, done = 0;
	learn_variables(&users, touches, count);
	for (size_t i = 0; i < count; i++) {
		const struct fts_touch *touch = &touches[i];
		if (touch->point <= last || touch->point == done || !touch->ready ||
		    touch->point >= UINT32_MAX / FTS_SWITCH_THREADS ||
		    !is_contended(&users, touch->variable))
			continue;
		done = touch->point;
		places++;
		for (uint64_t ready = touch->ready; ready; ready &= ready - 1)
			add(schedules, switches, FTS_SWITCH(touch->point, __builtin_ctzll(ready)));
	}
	map_free(&users);
	return places;
}

void schedules_take(struct schedules *schedules, uint64_t switches, uint32_t flags,
		    const struct fts_touch *touches, size_t count)
{
	size_t at = level_of(switches);
	struct level *level = &schedules->levels[at];
	level->out--;
	level->run++;
	if (!(flags & FTS_SCHEDULE_DONE)) {
		schedules->dark++;
		return;
	}
	if (flags & FTS_SCHEDULE_LEFT) {
		schedules->left++;
		return;
	}
	if (at == 2)
		return;
	schedules->cut = schedules->cut || flags & FTS_SCHEDULE_CUT;
	uint64_t places = add_places(schedules, switches, touches, count);
	if (at == 0)
		schedules->places = places;
	if (at == 0)
		shuffle(schedules, &schedules->levels[1]);
}

struct schedules_count schedules_count(const struct schedules *schedules)
{
	struct schedules_count count = { .left = schedules->left,
					 .dark = schedules->dark,
					 .places = schedules->places };
	for (size_t i = 0; i < SCHEDULES_LEVELS; i++) {
		count.known[i] = schedules->levels[i].known;
		count.run[i] = schedules->levels[i].run;
	}
	count.whole = is_over(&schedules->levels[0]) && is_over(&schedules->levels[1]) &&
		      !schedules->cut && !schedules->dark;
	return count;
}

char *schedules_text(const struct schedules_count *count)
{
	struct buf text = { 0 };
	uint64_t known = count->known[0] + count->known[1] + count->known[2];
	uint64_t run = count->run[0] + count->run[1] + count->run[2];
	if (run == known && count->whole)
		buf_printf(&text, "all %" PRIu64, known);
	else
		buf_printf(&text, "%" PRIu64 " of %s%" PRIu64, run, count->whole ? "" : "at least ",
			   known);
	buf_printf(&text,
		   " orders of its threads with at most two switches were run (%" PRIu64
		   " with none, %" PRIu64 " of %" PRIu64 " with one, %" PRIu64 " of %s%" PRIu64
		   " with two; %" PRIu64 " place%s)",
		   count->run[0], count->run[1], count->known[1], count->run[2],
		   count->whole ? "" : "at least ", count->known[2], count->places,
		   count->places == 1 ? "" : "s");
	if (count->left)
		buf_printf(&text, "; %" PRIu64 " did not come by as planned", count->left);
	if (count->dark)
		buf_printf(&text, "; %" PRIu64 " ended before what follows them was known",
			   count->dark);
	return buf_take(&text);
}
