/* lockmeet.c - see lockgraph_data.h. Starts and joins order two chains, and a gate keeps them apart. */
#include "runner/locks/lockgraph_data.h"

#include <stdlib.h>

static int by_sequence(const void *left, const void *right)
{
	const struct event *a = left, *b = right;
	if (a->process != b->process)
		return a->process < b->process ? -1 : 1;
	return (a->event.sequence > b->event.sequence) - (a->event.sequence < b->event.sequence);
}

void lockgraph_sort_events(struct lockgraph *g)
{
	if (g->event_count)
		qsort(g->events, g->event_count, sizeof *g->events, by_sequence);
}

/* The first of the sorted events that the chain is not behind of. */
static size_t first_event(const struct lockgraph *g, const struct chain *chain)
{
	struct event key = { chain->process, { .sequence = chain->sequence } };
	size_t low = 0, high = g->event_count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (by_sequence(&g->events[middle], &key) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* Is `first` over before `second` begins, by starts and joins? Events are sorted. */
static bool happens_before(const struct lockgraph *g, const struct chain *first,
			   const struct chain *second)
{
	struct map after = { 0 }; /* thread -> sequence from which on it is behind `first` */
	map_set(&after, first->thread + 1, first->sequence);
	for (size_t i = first_event(g, first); i < g->event_count; i++) {
		const struct fts_lock_event *event = &g->events[i].event;
		bool start = event->kind == FTS_LOCK_STARTED;
		if (g->events[i].process != first->process || event->sequence > second->sequence)
			break;
		if (!start && event->kind != FTS_LOCK_JOINED)
			continue;
		uint64_t from = start ? event->thread : event->other;
		uint64_t to = start ? event->other : event->thread;
		if (map_get(&after, from + 1) != MAP_NONE && map_get(&after, to + 1) == MAP_NONE)
			map_set(&after, to + 1, event->sequence);
	}
	uint64_t since = map_get(&after, second->thread + 1);
	map_free(&after);
	return since != MAP_NONE && since <= second->sequence;
}

bool lockgraph_is_signal(const struct lockgraph *g, const struct lock *lock, uint64_t process)
{
	return map_get(&g->signals, signal_key(process, lock->lock.identity, lock->lock.address)) !=
	       MAP_NONE;
}

/* Does one lock keep the two chains apart? */
static bool gated(const struct lockgraph *g, const struct chain *a, const struct chain *b)
{
	bool unknown_a = false, unknown_b = false;
	for (uint32_t i = 0; i + 1 < a->count; i++) {
		const struct lock *one = &g->locks[a->from + i];
		unknown_a |= !one->lock.class;
		for (uint32_t k = 0; k + 1 < b->count; k++) {
			const struct lock *other = &g->locks[b->from + k];
			unknown_b |= !other->lock.class;
			if (one->lock.kind == FTS_LOCK_ATTACHED ||
			    (one->lock.flags & other->lock.flags & FTS_HELD_SHARED) ||
			    (a->process == b->process && lockgraph_is_signal(g, one, a->process)))
				continue;
			if (one->node == other->node)
				return true;
			/* the same class in two processes: it may be the same lock */
			if (a->process != b->process && one->lock.class == other->lock.class)
				return true;
		}
	}
	return a->process != b->process && unknown_a && unknown_b;
}

bool chains_together(const struct chain *a, const struct chain *b)
{
	return a->process == b->process && a->test == b->test;
}

bool chains_can_meet(const struct lockgraph *g, const struct chain *a, const struct chain *b)
{
	if (a->process == b->process && (a->thread == b->thread || a->old))
		return false;
	if (a->thread == 0 && b->thread == 0)
		return false;
	if (chains_together(a, b) && (happens_before(g, a, b) || happens_before(g, b, a)))
		return false;
	return !gated(g, a, b);
}
