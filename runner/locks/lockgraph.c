/* lockgraph.c - see lockgraph.h. What is added, and what is forgotten. */
#include "runner/locks/lockgraph_data.h"

#include <stdlib.h>

enum {
	WITNESSES = 48, /* of an arc, while its process lives */
	KEPT = 4,       /* of an arc, after that */
};

#define MANY_CLASSES 0 /* which is no class */

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

/* Locks and their orders: what is replaced when the graph is made smaller. */
static void orders_free(struct lockgraph *g)
{
	arcs_free(g);
	free(g->locks);
	free(g->chains);
	free(g->nodes);
	free(g->events);
	free(g->freed);
	map_free(&g->node_of_key);
	map_free(&g->arc_of_ends);
}

void lockgraph_free(struct lockgraph *g)
{
	if (!g)
		return;
	orders_free(g);
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
	uint64_t which = lock->identity ? lock->identity : lockgraph_hash(lock->address, age);
	return lockgraph_hash(lockgraph_hash(lock->class, process), which);
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
	uint64_t at = map_get(&g->node_of_key, lockgraph_hash(class, 0));
	if (at == MAP_NONE)
		return;
	g->nodes[at].dropped = true;
	g->divided = true;
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

/* The node of a lock that a thread held or waited for in a process at a time. */
static uint32_t lock_node(struct lockgraph *g, const struct lockgraph_lock *lock, uint64_t process,
			  uint64_t sequence)
{
	uint64_t key = lockgraph_hash(lock->class, 0);
	bool single = lock->single && lock->class && map_get(&g->many, lock->class) == MAP_NONE;
	if (!single)
		key = instance_key(
			lock, process,
			lock->identity ? 0 : generation(g, process, lock->address, sequence));
	return node_get(g, lock, key, single);
}

static struct arc *arc_get(struct lockgraph *g, uint32_t from, uint32_t to)
{
	uint64_t key = lockgraph_hash(from, to), at = map_get(&g->arc_of_ends, key);
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

/* The orders of a chain; with `moved`, those of locks that are marked in it. */
static void arcs_of_chain(struct lockgraph *g, size_t number, const bool *moved)
{
	const struct chain *chain = &g->chains[number];
	uint32_t last = chain->count - 1, to = g->locks[chain->from + last].node;
	for (uint32_t i = 0; i < last; i++) {
		const struct lock *held = &g->locks[chain->from + i];
		if (moved && !moved[i] && !moved[last])
			continue;
		if (map_get(&g->signal_classes, held->lock.class) != MAP_NONE)
			continue;
		if (held->lock.class && held->node != to)
			arc_add(g, held->node, to, (struct witness){ (uint32_t)number, i });
	}
}

/*
 * A lock was taken for the only one of its class until a second one came up. The orders that it was
 * seen in before are those of this one lock: they are added again, as that.
 */
void lockgraph_divide(struct lockgraph *g)
{
	if (!g->divided)
		return;
	g->divided = false;
	for (size_t i = 0; i < g->chain_count; i++) {
		const struct chain *chain = &g->chains[i];
		if (chain->old)
			continue;
		bool *moved = xcalloc(chain->count, sizeof *moved), any = false;
		for (uint32_t k = 0; k < chain->count; k++) {
			struct lock *lock = &g->locks[chain->from + k];
			if (!g->nodes[lock->node].single ||
			    map_get(&g->many, lock->lock.class) == MAP_NONE)
				continue;
			lock->node = lock_node(g, &lock->lock, chain->process, chain->sequence);
			any = moved[k] = true;
		}
		if (any)
			arcs_of_chain(g, i, moved);
		free(moved);
	}
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
		const struct lockgraph_lock *lock = &chain->locks[i];
		if (lock->class)
			look_at_maker(g, lock);
		if (lock->class && !lock->single)
			set_many(g, lock->class);
	}
	for (size_t i = 0; i < chain->count; i++) {
		const struct lockgraph_lock *lock = &chain->locks[i];
		struct lock copy = { *lock, lock_node(g, lock, chain->process, chain->sequence) };
		ARRAY_PUSH(g->locks, g->lock_count, g->lock_capacity, copy);
	}
	ARRAY_PUSH(g->chains, g->chain_count, g->chain_capacity, kept);
	arcs_of_chain(g, g->chain_count - 1, NULL);
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
	if (lockgraph_is_signal(from, held, chain->process)) {
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
	orders_free(g);
	*g = kept;
	g->changed = false;
}
