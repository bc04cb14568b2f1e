/* lockgraph.c - see lockgraph.h. */
#include "runner/locks/lockgraph.h"

#include <stdlib.h>
#include <string.h>

#include "runner/base/map.h"
#include "runner/base/util.h"

enum {
	WITNESSES = 48,       /* of an arc, while its process lives */
	KEPT = 4,             /* of an arc, after that */
	COMBINATIONS = 20000, /* of witnesses tried for one cycle */
	STEPS = 200000,       /* of the enumeration from one arc */
	CYCLES = 2000,        /* looked at in one search */
};

#define MANY_CLASSES 0 /* which is no class */

struct chain {
	uint64_t process, sequence;
	uint32_t test, thread;
	uint32_t from, count; /* in graph.locks */
	bool old;             /* of an iteration before: its events are forgotten */
};

struct lock {
	struct lockgraph_lock lock;
	uint32_t node;
};

struct witness {
	uint32_t chain, held; /* which of the chain's locks */
};

struct arc {
	uint32_t from, to; /* nodes */
	struct witness *witnesses;
	uint32_t count, capacity;
	bool full; /* there were more */
};

struct node {
	uint64_t key, class;
	bool single;
	bool dropped;                  /* a signal, or not single after all */
	uint32_t first_arc, arc_count; /* in the sorted list; search only */
};

struct event {
	uint64_t process;
	struct fts_lock_event event;
};

/* A block of memory that was given back. */
struct freed {
	uint64_t process, address, size, sequence;
	uint32_t bits; /* size < 1 << bits */
};

struct lockgraph {
	struct lock *locks;
	size_t lock_count, lock_capacity;
	struct chain *chains;
	size_t chain_count, chain_capacity;
	struct node *nodes;
	size_t node_count, node_capacity;
	struct map node_of_key;
	struct arc *arcs;
	size_t arc_count, arc_capacity;
	struct map arc_of_ends;
	struct event *events; /* of the iteration: starts and joins */
	size_t event_count, event_capacity;
	struct freed *freed; /* of the iteration */
	size_t freed_count, freed_capacity;
	uint64_t freed_sizes; /* 1 << bits of each */
	bool freed_sorted;
	struct map many; /* classes with several locks in one process, or of such a line */
	struct map class_of_maker; /* the first class of a line; MANY_CLASSES: it has several */
	struct map signals;        /* (process, lock) pairs of the iteration */
	struct map signal_classes;
	struct map done; /* cycles found, or refuted where all arcs met */
	struct lockgraph_limits limits;
	bool changed;
};

struct lockgraph *lockgraph_new(void)
{
	return xcalloc(1, sizeof(struct lockgraph));
}

static void arcs_free(struct lockgraph *g)
{
	for (size_t i = 0; i < g->arc_count; i++)
		free(g->arcs[i].witnesses);
	free(g->arcs);
}

void lockgraph_free(struct lockgraph *g)
{
	if (!g)
		return;
	arcs_free(g);
	free(g->locks);
	free(g->chains);
	free(g->nodes);
	free(g->events);
	free(g->freed);
	map_free(&g->node_of_key);
	map_free(&g->arc_of_ends);
	map_free(&g->many);
	map_free(&g->class_of_maker);
	map_free(&g->signals);
	map_free(&g->signal_classes);
	map_free(&g->done);
	free(g);
}

size_t lockgraph_arcs(const struct lockgraph *g)
{
	return g->arc_count;
}

struct lockgraph_limits lockgraph_limits(const struct lockgraph *g)
{
	return g->limits;
}

static uint64_t hash2(uint64_t a, uint64_t b)
{
	uint64_t state = a * 0x9e3779b97f4a7c15ull ^ b;
	return splitmix64(&state) >> 1; /* never MAP_NONE */
}

/* ---- adding ---- */

static int by_place(const void *left, const void *right)
{
	const struct freed *a = left, *b = right;
	if (a->process != b->process)
		return a->process < b->process ? -1 : 1;
	if (a->bits != b->bits)
		return a->bits < b->bits ? -1 : 1;
	return (a->address > b->address) - (a->address < b->address);
}

/* The first of the sorted blocks that does not come before `key`. */
static size_t first_freed(const struct lockgraph *g, const struct freed *key)
{
	size_t low = 0, high = g->freed_count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (by_place(&g->freed[middle], key) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* How often the memory at an address was given back before. */
static uint64_t generation(struct lockgraph *g, uint64_t process, uint64_t address,
			   uint64_t sequence)
{
	uint64_t count = 0;
	if (!g->freed_sorted && g->freed_count)
		qsort(g->freed, g->freed_count, sizeof *g->freed, by_place);
	g->freed_sorted = true;
	/* A block of fewer than 1 << bits bytes that holds the address begins this far before it. */
	for (uint32_t bits = 1; bits < 64; bits++) {
		if (!(g->freed_sizes >> bits & 1))
			continue;
		uint64_t reach = (1ull << bits) - 1;
		struct freed key = { .process = process,
				     .bits = bits,
				     .address = address > reach ? address - reach : 0 };
		for (size_t i = first_freed(g, &key); i < g->freed_count; i++) {
			const struct freed *freed = &g->freed[i];
			if (freed->process != process || freed->bits != bits ||
			    freed->address > address)
				break;
			count += freed->sequence < sequence &&
				 address - freed->address < freed->size;
		}
	}
	return count;
}

static uint64_t instance_key(const struct lockgraph_lock *lock, uint64_t process, uint64_t age)
{
	uint64_t which = lock->identity ? lock->identity : hash2(lock->address, age);
	return hash2(hash2(lock->class, process), which);
}

static uint32_t node_get(struct lockgraph *g, const struct lockgraph_lock *lock, uint64_t key,
			 bool single)
{
	uint64_t at = map_get(&g->node_of_key, key);
	if (at != MAP_NONE)
		return (uint32_t)at;
	struct node node = { .key = key, .class = lock->class, .single = single };
	ARRAY_PUSH(g->nodes, g->node_count, g->node_capacity, node);
	map_set(&g->node_of_key, key, g->node_count - 1);
	return (uint32_t)(g->node_count - 1);
}

/* The class has several locks, after all: what is known of "the one" says nothing. */
static void set_many(struct lockgraph *g, uint64_t class)
{
	if (map_get(&g->many, class) != MAP_NONE)
		return;
	map_set(&g->many, class, 1);
	uint64_t at = map_get(&g->node_of_key, hash2(class, 0));
	if (at != MAP_NONE)
		g->nodes[at].dropped = true;
}

/* Objects made in different places have their locks from one line, their class's __init__(). */
static void look_at_maker(struct lockgraph *g, const struct lockgraph_lock *lock)
{
	if (!lock->maker)
		return;
	uint64_t class = map_get(&g->class_of_maker, lock->maker);
	if (class == MAP_NONE) {
		map_set(&g->class_of_maker, lock->maker, lock->class);
	} else if (class != lock->class) {
		if (class != MANY_CLASSES)
			set_many(g, class);
		map_set(&g->class_of_maker, lock->maker, MANY_CLASSES);
		set_many(g, lock->class);
	}
}

static uint32_t lock_node(struct lockgraph *g, const struct lockgraph_lock *lock,
			  const struct lockgraph_chain *chain)
{
	uint64_t key = hash2(lock->class, 0);
	if (lock->class)
		look_at_maker(g, lock);
	if (lock->class && !lock->single)
		set_many(g, lock->class);
	bool single = lock->single && lock->class && map_get(&g->many, lock->class) == MAP_NONE;
	if (!single)
		key = instance_key(lock, chain->process,
				   lock->identity ? 0
						  : generation(g, chain->process, lock->address,
							       chain->sequence));
	return node_get(g, lock, key, single);
}

static struct arc *arc_get(struct lockgraph *g, uint32_t from, uint32_t to)
{
	uint64_t key = hash2(from, to), at = map_get(&g->arc_of_ends, key);
	if (at < g->arc_count && g->arcs)
		return &g->arcs[at];
	if (!g->arcs || g->arc_count == g->arc_capacity) {
		g->arc_capacity = g->arc_capacity ? g->arc_capacity * 2 : 64;
		g->arcs = xrealloc(g->arcs, g->arc_capacity * sizeof *g->arcs);
	}
	g->arcs[g->arc_count++] = (struct arc){ .from = from, .to = to };
	map_set(&g->arc_of_ends, key, g->arc_count - 1);
	return &g->arcs[g->arc_count - 1];
}

static void arc_add(struct lockgraph *g, uint32_t from, uint32_t to, struct witness witness)
{
	struct arc *arc = arc_get(g, from, to);
	g->changed = true;
	arc->full = arc->count == WITNESSES;
	if (!arc->full)
		ARRAY_PUSH(arc->witnesses, arc->count, arc->capacity, witness);
}

void lockgraph_add(struct lockgraph *g, const struct lockgraph_chain *chain)
{
	const struct lockgraph_lock *wanted = &chain->locks[chain->count - 1];
	if (chain->count < 2 || !wanted->class)
		return;
	struct chain kept = { .process = chain->process,
			      .sequence = chain->sequence,
			      .test = chain->test,
			      .thread = chain->thread,
			      .from = (uint32_t)g->lock_count,
			      .count = (uint32_t)chain->count };
	for (size_t i = 0; i < chain->count; i++) {
		struct lock lock = { chain->locks[i], lock_node(g, &chain->locks[i], chain) };
		ARRAY_PUSH(g->locks, g->lock_count, g->lock_capacity, lock);
	}
	ARRAY_PUSH(g->chains, g->chain_count, g->chain_capacity, kept);
	uint32_t to = g->locks[g->lock_count - 1].node;
	for (uint32_t i = 0; i + 1 < chain->count; i++) {
		const struct lock *held = &g->locks[kept.from + i];
		if (map_get(&g->signal_classes, held->lock.class) != MAP_NONE)
			continue;
		if (held->lock.class && held->node != to)
			arc_add(g, held->node, to,
				(struct witness){ (uint32_t)(g->chain_count - 1), i });
	}
}

static uint64_t signal_key(uint64_t process, uint64_t identity, uint64_t address)
{
	return hash2(hash2(process, 7), identity ? identity : address);
}

static void add_freed(struct lockgraph *g, uint64_t process, const struct fts_lock_event *event)
{
	if (!event->size || event->size >> 62)
		return;
	struct freed freed = { .process = process,
			       .address = event->address,
			       .size = event->size,
			       .sequence = event->sequence,
			       .bits = 64 - (uint32_t)__builtin_clzll(event->size) };
	ARRAY_PUSH(g->freed, g->freed_count, g->freed_capacity, freed);
	g->freed_sizes |= 1ull << freed.bits;
	g->freed_sorted = false;
}

void lockgraph_event(struct lockgraph *g, uint64_t process, const struct fts_lock_event *event)
{
	struct event kept = { process, *event };
	if (event->kind == FTS_LOCK_SIGNAL)
		map_set(&g->signals, signal_key(process, event->identity, event->address), 1);
	else if (event->kind == FTS_LOCK_FREED)
		add_freed(g, process, event);
	else
		ARRAY_PUSH(g->events, g->event_count, g->event_capacity, kept);
}

/* ---- can they be there at the same time? ---- */

static int by_sequence(const void *left, const void *right)
{
	const struct event *a = left, *b = right;
	if (a->process != b->process)
		return a->process < b->process ? -1 : 1;
	return (a->event.sequence > b->event.sequence) - (a->event.sequence < b->event.sequence);
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

static bool is_signal(const struct lockgraph *g, const struct lock *lock, uint64_t process)
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
			    (a->process == b->process && is_signal(g, one, a->process)))
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

static bool same_context(const struct chain *a, const struct chain *b)
{
	return a->process == b->process && a->test == b->test;
}

static bool can_meet(const struct lockgraph *g, const struct chain *a, const struct chain *b)
{
	if (a->process == b->process && (a->thread == b->thread || a->old))
		return false;
	if (a->thread == 0 && b->thread == 0)
		return false;
	if (same_context(a, b) && (happens_before(g, a, b) || happens_before(g, b, a)))
		return false;
	return !gated(g, a, b);
}

/* ---- cycles ---- */

struct search {
	struct lockgraph *g;
	lockgraph_found *found;
	void *context;
	uint32_t *order;     /* arcs sorted by `from` */
	uint32_t *component; /* of each node, by Tarjan */
	uint32_t path[LOCKGRAPH_CYCLE_MAX];
	size_t steps, cycles;
	size_t limit; /* arcs of the cycles looked for: the short ones first */
	struct witness chosen[LOCKGRAPH_CYCLE_MAX];
	size_t combinations;
	bool met; /* all arcs have witnesses in one process and test */
};

static const struct chain *chain_of(const struct search *s, struct witness witness)
{
	return &s->g->chains[witness.chain];
}

/* Do the two locks, one wanted and one held, exclude each other? */
static bool excludes(const struct search *s, struct witness wants, struct witness holds)
{
	const struct chain *a = chain_of(s, wants), *b = chain_of(s, holds);
	const struct lock *wanted = &s->g->locks[a->from + a->count - 1];
	const struct lock *held = &s->g->locks[b->from + holds.held];
	return !(wanted->lock.flags & held->lock.flags & FTS_HELD_SHARED) &&
	       !is_signal(s->g, held, b->process);
}

/* Does each thread go up, or each down, in addresses? Then a sort may have made the order. */
static bool is_sorted(const struct search *s, size_t count)
{
	size_t up = 0;
	for (size_t i = 0; i < count; i++) {
		const struct chain *chain = chain_of(s, s->chosen[i]);
		const struct lock *locks = &s->g->locks[chain->from];
		up += locks[s->chosen[i].held].lock.address < locks[chain->count - 1].lock.address;
	}
	return up == 0 || up == count;
}

/* Chooses witnesses for arcs `at`.. of the path, in one context or in several. */
static bool choose(struct search *s, size_t at, size_t count, bool together)
{
	if (at == count) {
		if (together)
			s->met = true;
		else if (is_sorted(s, count))
			return false;
		for (size_t i = 0; i < count; i++) {
			if (!excludes(s, s->chosen[i], s->chosen[(i + 1) % count]))
				return false;
			for (size_t k = 0; k < i; k++) {
				if (!can_meet(s->g, chain_of(s, s->chosen[i]),
					      chain_of(s, s->chosen[k])))
					return false;
			}
		}
		return true;
	}
	const struct arc *arc = &s->g->arcs[s->path[at]];
	for (uint32_t i = 0; i < arc->count && s->combinations < COMBINATIONS; i++) {
		s->combinations++;
		s->chosen[at] = arc->witnesses[i];
		if (together && chain_of(s, s->chosen[at])->old)
			continue;
		if (together && at &&
		    !same_context(chain_of(s, s->chosen[at]), chain_of(s, s->chosen[0])))
			continue;
		if (choose(s, at + 1, count, together))
			return true;
	}
	return false;
}

static uint64_t cycle_key(const struct search *s, size_t count)
{
	uint64_t key = 0;
	for (size_t i = 0; i < count; i++) {
		const struct arc *arc = &s->g->arcs[s->path[i]];
		key += hash2(s->g->nodes[arc->from].key, s->g->nodes[arc->to].key);
	}
	return key >> 1;
}

static void tell(struct search *s, size_t count)
{
	struct lockgraph_part parts[LOCKGRAPH_CYCLE_MAX];
	struct lockgraph_lock *others[LOCKGRAPH_CYCLE_MAX];
	for (size_t i = 0; i < count; i++) {
		const struct chain *chain = chain_of(s, s->chosen[i]);
		const struct lock *locks = &s->g->locks[chain->from];
		uint32_t held = s->chosen[i].held;
		size_t n = 0;
		others[i] = xcalloc(chain->count, sizeof *others[i]);
		for (uint32_t k = 0; k + 1 < chain->count; k++)
			if (k != held)
				others[i][n++] = locks[k].lock;
		parts[i] = (struct lockgraph_part){ .held = locks[held].lock,
						    .wanted = locks[chain->count - 1].lock,
						    .others = others[i],
						    .other_count = n,
						    .process = chain->process,
						    .test = chain->test,
						    .old = chain->old,
						    .thread = chain->thread };
	}
	s->found(s->context, parts, count);
	for (size_t i = 0; i < count; i++)
		free(others[i]);
}

/* Was there more of an arc of the path than its witnesses? */
static bool path_is_full(const struct search *s, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (s->g->arcs[s->path[i]].full)
			return true;
	return false;
}

static void consider(struct search *s, size_t count)
{
	uint64_t key = cycle_key(s, count), known = map_get(&s->g->done, key);
	s->cycles++;
	if (known == 1)
		return; /* found before */
	s->combinations = 0;
	s->met = false;
	bool found = choose(s, 0, count, true);
	if (!found && !s->met && known == MAP_NONE) {
		s->combinations = 0;
		found = choose(s, 0, count, false);
	}
	if (found)
		tell(s, count);
	else if (s->combinations >= COMBINATIONS)
		s->g->limits.combinations++;
	else if (s->met)
		s->g->limits.witnesses += path_is_full(s, count);
	if (found || s->met)
		map_set(&s->g->done, key, found ? 1 : 2);
}

/* All simple cycles through path[0] whose nodes come behind it: each is met once. */
static void extend(struct search *s, size_t length)
{
	const struct arc *last = &s->g->arcs[s->path[length - 1]];
	uint32_t start = s->g->arcs[s->path[0]].from;
	if (last->to == start) {
		if (length == s->limit)
			consider(s, length);
		return;
	}
	const struct node *node = &s->g->nodes[last->to];
	if (length == s->limit || last->to < start || node->dropped)
		return;
	for (size_t i = 0; i < length; i++)
		if (s->g->arcs[s->path[i]].from == last->to)
			return;
	for (uint32_t i = 0; i < node->arc_count && s->cycles < CYCLES; i++) {
		uint32_t next = s->order[node->first_arc + i];
		if (s->component[s->g->arcs[next].to] != s->component[start] || ++s->steps > STEPS)
			continue;
		s->path[length] = next;
		extend(s, length + 1);
	}
}

static void sort_arcs(struct search *s)
{
	struct lockgraph *g = s->g;
	s->order = xcalloc(g->arc_count + 1, sizeof *s->order);
	for (size_t i = 0; i < g->node_count; i++)
		g->nodes[i].arc_count = 0;
	for (size_t i = 0; i < g->arc_count; i++)
		g->nodes[g->arcs[i].from].arc_count++;
	uint32_t at = 0;
	for (size_t i = 0; i < g->node_count; i++) {
		g->nodes[i].first_arc = at;
		at += g->nodes[i].arc_count;
		g->nodes[i].arc_count = 0;
	}
	for (size_t i = 0; i < g->arc_count; i++) {
		struct node *from = &g->nodes[g->arcs[i].from];
		s->order[from->first_arc + from->arc_count++] = (uint32_t)i;
	}
}

/* Tarjan's strongly connected components, with a stack of its own. */
struct tarjan {
	uint32_t *index, *low, *stack, *next, *calls;
	bool *on_stack;
	uint32_t count, depth, call_depth, components;
};

static void tarjan_enter(struct tarjan *t, uint32_t node)
{
	t->index[node] = t->low[node] = ++t->count;
	t->stack[t->depth++] = node;
	t->on_stack[node] = true;
	t->next[node] = 0;
	t->calls[t->call_depth++] = node;
}

static void tarjan_leave(struct tarjan *t, uint32_t node, uint32_t *component)
{
	t->call_depth--;
	if (t->low[node] == t->index[node]) {
		uint32_t popped;
		do {
			popped = t->stack[--t->depth];
			t->on_stack[popped] = false;
			component[popped] = t->components;
		} while (popped != node);
		t->components++;
	}
	if (t->call_depth) {
		uint32_t caller = t->calls[t->call_depth - 1];
		if (t->low[node] < t->low[caller])
			t->low[caller] = t->low[node];
	}
}

static void tarjan_run(struct search *s, struct tarjan *t, uint32_t root)
{
	const struct lockgraph *g = s->g;
	tarjan_enter(t, root);
	while (t->call_depth) {
		uint32_t node = t->calls[t->call_depth - 1];
		if (t->next[node] == g->nodes[node].arc_count) {
			tarjan_leave(t, node, s->component);
			continue;
		}
		uint32_t to = g->arcs[s->order[g->nodes[node].first_arc + t->next[node]++]].to;
		if (!t->index[to])
			tarjan_enter(t, to);
		else if (t->on_stack[to] && t->index[to] < t->low[node])
			t->low[node] = t->index[to];
	}
}

static void components(struct search *s)
{
	size_t n = s->g->node_count + 1;
	struct tarjan t = { .index = xcalloc(n, 4),
			    .low = xcalloc(n, 4),
			    .stack = xcalloc(n, 4),
			    .next = xcalloc(n, 4),
			    .calls = xcalloc(n, 4),
			    .on_stack = xcalloc(n, sizeof(bool)) };
	s->component = xcalloc(n, 4);
	for (uint32_t i = 0; i < s->g->node_count; i++)
		if (!t.index[i])
			tarjan_run(s, &t, i);
	free(t.index);
	free(t.low);
	free(t.stack);
	free(t.next);
	free(t.calls);
	free(t.on_stack);
}

/* All cycles of s->limit arcs. */
static void search_limited(struct search *s)
{
	struct lockgraph *g = s->g;
	s->cycles = 0;
	for (uint32_t i = 0; i < g->arc_count && s->cycles < CYCLES; i++) {
		const struct arc *arc = &g->arcs[i];
		if (s->component[arc->from] != s->component[arc->to] || g->nodes[arc->from].dropped)
			continue;
		s->path[0] = i;
		s->steps = 0;
		extend(s, 1);
		g->limits.steps += s->steps > STEPS;
	}
	g->limits.cycles += s->cycles >= CYCLES;
}

void lockgraph_search(struct lockgraph *g, lockgraph_found *found, void *context)
{
	struct search s = { .g = g, .found = found, .context = context };
	if (!g->changed)
		return;
	g->changed = false;
	if (g->event_count)
		qsort(g->events, g->event_count, sizeof *g->events, by_sequence);
	sort_arcs(&s);
	components(&s);
	for (s.limit = 2; s.limit <= LOCKGRAPH_CYCLE_MAX; s.limit++)
		search_limited(&s);
	free(s.order);
	free(s.component);
}

/* ---- forgetting ---- */

static bool lasts(const struct lockgraph *g, uint32_t node)
{
	return g->nodes[node].single && !g->nodes[node].dropped;
}

static void keep_chain(struct lockgraph *to, const struct lockgraph *from, struct witness witness)
{
	const struct chain *chain = &from->chains[witness.chain];
	const struct lock *held = &from->locks[chain->from + witness.held];
	struct chain kept = *chain;
	kept.old = true;
	if (is_signal(from, held, chain->process)) {
		map_set(&to->signal_classes, held->lock.class, 1);
		return;
	}
	kept.from = (uint32_t)to->lock_count;
	uint32_t tail = 0, head = 0; /* of the arc */
	for (uint32_t i = 0; i < chain->count; i++) {
		struct lock lock = from->locks[chain->from + i];
		const struct node *node = &from->nodes[lock.node];
		lock.node = node_get(to, &lock.lock, node->key, node->single);
		tail = i == witness.held ? lock.node : tail;
		head = lock.node;
		ARRAY_PUSH(to->locks, to->lock_count, to->lock_capacity, lock);
	}
	ARRAY_PUSH(to->chains, to->chain_count, to->chain_capacity, kept);
	arc_add(to, tail, head, (struct witness){ (uint32_t)(to->chain_count - 1), witness.held });
}

void lockgraph_iteration_end(struct lockgraph *g)
{
	struct lockgraph kept = { .many = g->many,
				  .class_of_maker = g->class_of_maker,
				  .signal_classes = g->signal_classes,
				  .done = g->done,
				  .limits = g->limits };
	for (size_t i = 0; i < g->arc_count; i++) {
		const struct arc *arc = &g->arcs[i];
		if (!lasts(g, arc->from) || !lasts(g, arc->to))
			continue;
		for (uint32_t k = 0; k < arc->count && k < KEPT; k++)
			keep_chain(&kept, g, arc->witnesses[k]);
	}
	g->many = g->class_of_maker = g->signal_classes = g->done = (struct map){ 0 };
	map_free(&g->signals);
	arcs_free(g);
	free(g->locks);
	free(g->chains);
	free(g->nodes);
	free(g->events);
	free(g->freed);
	map_free(&g->node_of_key);
	map_free(&g->arc_of_ends);
	*g = kept;
	g->changed = false;
}
