/*
 * lockgraph.h - the orders in which locks are taken, of all processes of a run, and the cycles in
 * them that can deadlock.
 *
 *     chain   one acquisition: the locks that a thread held, and the one it waited for
 *     node    a lock. One that is the only one of its class (a module's lock, a static mutex) is
 *             the same node in all processes; of others each instance is a node of its own process
 *     arc     held -> wanted, with the chains that are its witnesses
 *     cycle   arcs that come round, with one witness each that could be there at the same time:
 *               - different threads;
 *               - no lock held by two of them (a gate);
 *               - a lock wanted is not read by the one and held for reading by the other;
 *               - neither ends before the other starts (thread starts and joins order them)
 *
 * Where all arcs of a cycle occurred in one process and test, these witnesses decide. If none of
 * their combinations can deadlock, then chains of other processes are not believed either: they know
 * less. Cycles whose arcs never met that way are put together from several processes, but only of
 * locks that are the only ones of their line. Even those make no cycle if each thread takes the lock
 * at the lower address first (or each the higher one): code that sorts locks by id() does so, and
 * addresses differ between processes.
 *
 * Locks used as signals (released by another thread than the one that took them) make no arcs.
 * Not thread-safe.
 */
#ifndef RUNNER_LOCKGRAPH_H
#define RUNNER_LOCKGRAPH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ftstress/locks.h"

#define LOCKGRAPH_CYCLE_MAX 6 /* arcs of the longest cycle looked for */
#define LOCKGRAPH_NONE UINT32_MAX

struct lockgraph_lock {
	uint64_t class; /* stable between processes; 0 = not known: makes no arc, but may guard */
	uint64_t maker; /* the line that makes locks of this class, maybe of others too; 0 = none */
	bool single;    /* the only one of its class in its process */
	uint64_t address, identity; /* which one in its process; identity 0 = by address */
	uint32_t kind, flags;       /* locks.h */
	uint32_t stack, birth;      /* the caller's numbers of where it was taken and made */
};

struct lockgraph_chain {
	uint64_t process;      /* the caller's number, never used again for another process */
	uint32_t test, thread; /* thread 0 is the process's first */
	uint64_t sequence;     /* against events of the same process */
	const struct lockgraph_lock *locks; /* the last is wanted, those before it are held */
	size_t count;                       /* at least 2 */
};

/* What a cycle is made of: one thread's part. */
struct lockgraph_part {
	struct lockgraph_lock held, wanted;
	const struct lockgraph_lock *others; /* also held */
	size_t other_count;
	uint64_t process;
	uint32_t test, thread;
	bool old; /* of an iteration before the last lockgraph_iteration_end */
};

struct lockgraph;

struct lockgraph *lockgraph_new(void);
void lockgraph_free(struct lockgraph *graph);

void lockgraph_add(struct lockgraph *graph, const struct lockgraph_chain *chain);
void lockgraph_event(struct lockgraph *graph, uint64_t process, const struct fts_lock_event *event);

/*
 * Looks for cycles that were not found before and calls `found` for each; parts[i] wants what
 * parts[i + 1] holds, and the last wants what parts[0] holds. What `parts` points to is the graph's
 * until `found` returns.
 */
typedef void lockgraph_found(void *context, const struct lockgraph_part *parts, size_t count);
void lockgraph_search(struct lockgraph *graph, lockgraph_found *found, void *context);

/* All processes that were added have ended: forgets what can not be part of a later cycle. */
void lockgraph_iteration_end(struct lockgraph *graph);

size_t lockgraph_arcs(const struct lockgraph *graph);

/* How often the search stopped before it had seen everything: a cycle may be missing. */
struct lockgraph_limits {
	uint64_t cycles;       /* of one length, in one search */
	uint64_t steps;        /* from one arc */
	uint64_t combinations; /* of one cycle's witnesses */
	uint64_t witnesses;    /* a cycle was refuted, and an arc of it had more than are kept */
};
struct lockgraph_limits lockgraph_limits(const struct lockgraph *graph);

#endif
