/*
 * lockgraph_data.h - what a lock graph is made of (see lockgraph.h): for lockgraph.c, which adds to
 * it and forgets, lockmeet.c, which says what can be there at the same time, and lockcycle.c, which
 * looks for cycles.
 */
#ifndef RUNNER_LOCKGRAPH_DATA_H
#define RUNNER_LOCKGRAPH_DATA_H

#include "runner/base/map.h"
#include "runner/base/util.h"
#include "runner/locks/lockgraph.h"

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
	bool divided; /* a class has several locks after all, see lockgraph_divide() */
	bool changed;
};

/* For the search: gives locks their own nodes that were taken for the only ones of their class. */
void lockgraph_divide(struct lockgraph *g);

static inline uint64_t lockgraph_hash(uint64_t a, uint64_t b)
{
	uint64_t state = a * 0x9e3779b97f4a7c15ull ^ b;
	return splitmix64(&state) >> 1; /* never MAP_NONE */
}

static inline uint64_t signal_key(uint64_t process, uint64_t identity, uint64_t address)
{
	return lockgraph_hash(lockgraph_hash(process, 7), identity ? identity : address);
}

/* lockmeet.c */

/* Events have to be sorted before chains are compared: by process, then by sequence. */
void lockgraph_sort_events(struct lockgraph *g);
/* Is the lock one that another thread gives back? */
bool lockgraph_is_signal(const struct lockgraph *g, const struct lock *lock, uint64_t process);
/* Are both of one process and test? */
bool chains_together(const struct chain *a, const struct chain *b);
/* Can the two threads stand there at the same time? */
bool chains_can_meet(const struct lockgraph *g, const struct chain *a, const struct chain *b);

#endif
