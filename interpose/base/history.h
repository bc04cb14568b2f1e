/*
 * history.h - enters into ThreadSanitizer's own history that a thread holds a lock.
 *
 * With each access TSan can tell which mutexes the thread held, also for the earlier of two
 * accesses that race. For that each thread has two things (tsan_trace.h, tsan_mutexset.h, llvm 22):
 *
 *     the set      the mutexes that the thread holds now
 *     the trace    ... access, access, lock M, access, unlock M, access ...
 *                  It is written in parts, each of which begins with the set of that moment. What was
 *                  held at an earlier access, is found by reading its part from the beginning.
 *
 * TSan's functions for mutexes do much more: they look up a mutex's clock by its address, and join
 * it with the thread's. Here an address is entered in the trace and in the set, and that is all: it
 * orders no threads, for there is no clock, and takes a tenth of the instructions.
 *
 * And it ends what TSan takes for one stretch of work of a thread (an epoch), before its history is too short for it.
 *
 * Where these things lie is found out at start (history.c): TSan is told of a mutex, and what it
 * has written then must be the same as would have been written here.
 */
#ifndef INTERPOSE_HISTORY_H
#define INTERPOSE_HISTORY_H

#include "interpose/base/raw.h"

#include <stdbool.h>
#include <stdint.h>

enum { HISTORY_MOST = 16 }; /* of a set; TSan forgets the oldest when one more is added */

struct history_mutex {
	uint64_t address;
	uint32_t made; /* a stack's number; 0 = none */
	uint32_t sequence;
	uint32_t count;
	uint32_t write; /* TSan's is a bool: of these 32 bits only the first eight count */
};

struct history_set {
	uint32_t sequence;
	uint64_t count;
	struct history_mutex mutexes[HISTORY_MOST];
};

/* Where TSan keeps it. Constant after start. */
extern HIDDEN struct history {
	bool known;        /* false: nothing may be entered */
	intptr_t thread;   /* from the thread pointer: the address of TSan's state of the thread */
	uintptr_t set, at; /* in that: the set; where the trace goes on */
} history;

/* Finds it. False: TSan looks different. To be called once, attached, in the one thread. */
HIDDEN bool history_start(void);

static inline char *history_of_thread(void)
{
	return *(char *const volatile *)((const char *)__builtin_thread_pointer() + history.thread);
}

static inline struct history_set *history_set(char *thread)
{
	return (struct history_set *)(thread + history.set);
}

/* An entry of the trace has 44 bits of an address. */
enum { HISTORY_ADDRESS_BITS = 44, HISTORY_ADDRESS_AT = 20, HISTORY_LOCK = 8, HISTORY_UNLOCK = 16 };

static inline uint64_t history_entry(uint64_t address)
{
	return address << HISTORY_ADDRESS_AT;
}

static inline uint64_t *history_at(char *thread)
{
	return *(uint64_t *volatile *)(thread + history.at);
}

/*
 * Is there room for an entry of two words? Where there may be none is where TSan sees that a part
 * ends (TraceAcquire).
 */
static inline bool history_has_room(char *thread)
{
	return ((uintptr_t)history_at(thread) + 8) & 0xff0;
}

/* Makes TSan begin a new part. False: it did not. */
HIDDEN bool history_make_room(char *thread);

/*
 * From here on TSan takes what the thread does for new.
 *
 * An access like the one before it, by the same thread that has released nothing since, TSan does not enter again
 * (ContainsSameAccess): in a loop only the first one is in the trace. That one ages, and when its part is used again
 * a race with the *last* one can't be told, because its stack is gone. A release ends that, and nobody acquires this.
 */
HIDDEN void history_anew(void);

static inline void history_wrote(char *thread, uint64_t *end)
{
	__atomic_store_n((uint64_t **)(thread + history.at), end, __ATOMIC_RELAXED);
}

/*
 * The thread holds the address from here on. To be called with room in the trace and in the set. The
 * trace comes first, because a part that begins here begins with the set.
 */
static inline void history_lock(char *thread, uint64_t address)
{
	uint64_t *at = history_at(thread);
	struct history_set *set = history_set(thread);
	at[0] = HISTORY_LOCK; /* by no instruction */
	at[1] = history_entry(address);
	history_wrote(thread, at + 2);
	struct history_mutex *mutex = set->mutexes, *end = mutex + set->count;
	uint32_t sequence = set->sequence++;
	for (; mutex < end; mutex++)
		if (mutex->address == address) {
			mutex->sequence = sequence;
			mutex->count++;
			return;
		}
	*end = (struct history_mutex){ address, 0, sequence, 1, 1 };
	set->count++;
}

/* The thread holds the address once less. To be called with room in the trace. */
static inline void history_unlock(char *thread, uint64_t address)
{
	uint64_t *at = history_at(thread);
	struct history_set *set = history_set(thread);
	at[0] = HISTORY_UNLOCK | history_entry(address);
	history_wrote(thread, at + 1);
	if (UNLIKELY(!set->count))
		return;
	struct history_mutex *last = &set->mutexes[set->count - 1], *mutex = last;
	while (UNLIKELY(mutex->address != address))
		if (mutex-- == set->mutexes)
			return;
	if (--mutex->count)
		return;
	if (mutex != last)
		*mutex = *last;
	set->count--;
}

#endif
