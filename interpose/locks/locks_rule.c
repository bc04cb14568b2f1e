/*
 * locks_rule.c - see locks.h. Which of the locks held order a wait, whether this thread knows that
 * order already, and how many orders a process may tell.
 */
#define _GNU_SOURCE
#include "interpose/locks/locks.h"
#include "interpose/python/layout.h"

#include "interpose/base/ring.h"

enum {
	BUDGET_SLOTS = 1 << 16,
	EDGES_OF_A_KIND = 48,  /* edges written by a process for the same classes */
	EDGES_TO_OBJECTS = 8,  /* the same, to the locks in objects, which are many */
	EDGES_AT_MOST = 20000, /* written by a process */
};

/* How many edges were written for a set of classes: hash above, count in the low byte. */
static uint64_t budget[BUDGET_SLOTS];
static uint32_t edges_written;
static uint64_t salt; /* another one in each process: what its parent knew does not count */

static inline uint64_t mix(uint64_t hash)
{
	hash ^= hash >> 31;
	hash *= 0x9e3779b97f4a7c15ull;
	return hash ^ hash >> 29;
}

static uint64_t class_of(uint64_t address, uint64_t identity, uint32_t kind)
{
	if (identity)
		return identity >> 28 | 1ull << 40;
	/* Locks of a type are in objects; the address that stands for "attached" is none of them. */
	if (fts_lock_is(kind, FTS_BY_TYPE))
		/* NOLINTNEXTLINE(clang-analyzer-core.FixedAddressDereference) */
		return *(const uint64_t *)(address - OBJECT_MUTEX + OBJECT_TYPE);
	return address;
}

/* One more edge for these classes? */
static bool within_budget(uint64_t key, uint64_t most)
{
	uint64_t *slot = &budget[key & (BUDGET_SLOTS - 1)];
	uint64_t seen = __atomic_load_n(slot, __ATOMIC_RELAXED);
	uint64_t count = (seen ^ key) >> 8 ? 0 : seen & 255;
	if (count >= most)
		return false;
	if (__atomic_load_n(&edges_written, __ATOMIC_RELAXED) >= EDGES_AT_MOST) {
		ring_limit(FTS_LIMIT_ORDERS);
		return false;
	}
	__atomic_store_n(slot, (key & ~255ull) | (count + 1), __ATOMIC_RELAXED);
	__atomic_add_fetch(&edges_written, 1, __ATOMIC_RELAXED);
	return true;
}

/* Would the lock be given back while the thread waits for another? */
static bool is_suspended(const struct fts_held *held, bool detaches, const void *tstate)
{
	return detaches && fts_lock_is(held->kind, FTS_SUSPENDED) &&
	       python_in_section(tstate, held->address);
}

void locks_check_order(struct thread *thread, const struct lock *lock, struct call_site site)
{
	struct fts_held *before[FTS_HELD_MAX + 1];
	struct fts_held attached;
	struct fts_lock_thread *list = thread->shared;
	void *tstate = python_tstate();
	bool detaches = lock->flags & FTS_HELD_DETACHES;
	unsigned count = 0;
	uint64_t identity = python_identity(lock->address, lock->kind);
	uint64_t all = 0, classes = 0;
	if (list->overflow)
		return;
	/* An object that the collector clears is garbage: nobody else can hold its lock. */
	if (lock->kind == FTS_LOCK_OBJECT && UNLIKELY(thread->collects) &&
	    thread->collects == python_frame(tstate))
		return;
	for (uint32_t i = 0; i < list->used; i++) {
		struct fts_held *held = &list->held[i];
		uint64_t address = __atomic_load_n(&held->address, __ATOMIC_RELAXED);
		if (!address || address == lock->address || is_suspended(held, detaches, tstate))
			continue;
		if (python_is_free(address, held->kind)) {
			locks_drop(thread, held);
			continue;
		}
		if (fts_lock_is(held->kind, FTS_SIGNAL) && python_is_signal(address, held->kind))
			continue;
		/*
		 * Two-object sections take the lower address first; one section gives the other
		 * back. importlib looks for deadlocks of module locks itself.
		 */
		if (held->kind == lock->kind && fts_lock_is(lock->kind, FTS_UNORDERED))
			continue;
		before[count++] = held;
		all += mix(address ^ held->identity << 8);
		classes += mix(class_of(address, held->identity, held->kind));
	}
	if (!detaches && lock->kind != FTS_LOCK_ATTACHED && python_attached(tstate)) {
		attached = (struct fts_held){ .address = 1,
					      .kind = FTS_LOCK_ATTACHED,
					      .pc = (uint64_t)site.pc };
		before[count++] = &attached;
		all += 1;
		classes += 1;
	}
	if (!count)
		return;
	all = mix((all ^ salt) + mix(lock->address ^ identity << 8) + lock->flags);
	uint64_t *known = &thread->known[all % 1024];
	if (LIKELY(*known == all))
		return;
	*known = all;
	classes = mix((classes ^ salt) + mix(class_of(lock->address, identity, lock->kind)) +
		      lock->flags);
	if (within_budget(classes,
			  lock->kind == FTS_LOCK_OBJECT ? EDGES_TO_OBJECTS : EDGES_OF_A_KIND) &&
	    !locks_report_edge(thread, lock, before, count, site))
		*known = 0;
	if (UNLIKELY(locks_meeting) && before[0] != &attached)
		locks_meet(thread, lock);
}

void locks_rule_forked(void)
{
	edges_written = 0;
	salt = mix(raw_getpid());
}
