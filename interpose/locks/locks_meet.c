/*
 * locks_meet.c - see locks.h. FTSTRESS_LOCKS_MEET, the kinds of the locks of a cycle, one bit each: their order is tried
 * on purpose, so that what can deadlock does.
 *
 *     T1  holds a, is about to wait for b     nobody holds b: it stays here, for half a second at most
 *     T2  holds b, is about to wait for a     T1 holds a: it goes on, and waits for a
 *     T1  T2 holds b now: it goes on, and waits for b; neither gets any further
 *
 * Only before a wait whose order the thread has not had before, as few programs take locks in one order once. Nothing
 * is done that the program could not do: a thread may be slow anywhere. Threads that take turns don't wait: nobody
 * would come; nor does the process's first thread, which starts the others.
 */
#define _GNU_SOURCE
#include "interpose/locks/locks.h"
#include "interpose/turns/turns.h"

#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>

enum {
	STEPS = 500, /* milliseconds that a thread stays, at most */
	ALL = 5000,  /* ... all of a process together: a program with many orders has to get on */
};

HIDDEN uint64_t locks_meeting;
static uint32_t stayed; /* milliseconds */

void locks_meet_start(void)
{
	const char *asked = getenv("FTSTRESS_LOCKS_MEET");
	locks_meeting = asked ? strtoull(asked, NULL, 10) : 0;
}

/* Does another thread hold the lock? */
static bool is_held(const struct thread *thread, uint64_t address)
{
	uint32_t count;
	const struct fts_lock_thread *all = locks_registry(&count);
	for (uint32_t i = 0; i < count; i++) {
		if (&all[i] == thread->shared || !__atomic_load_n(&all[i].tid, __ATOMIC_RELAXED))
			continue;
		uint32_t used = __atomic_load_n(&all[i].used, __ATOMIC_RELAXED);
		for (uint32_t k = 0; k < used && k < FTS_HELD_MAX; k++)
			if (__atomic_load_n(&all[i].held[k].address, __ATOMIC_RELAXED) == address)
				return true;
	}
	return false;
}

void locks_meet(const struct thread *thread, const struct lock *lock)
{
	const struct timespec step = { 0, 1000000 };
	if (turns_self || !thread->shared->number || !(locks_meeting >> lock->kind & 1) ||
	    __atomic_load_n(&stayed, __ATOMIC_RELAXED) >= ALL)
		return;
	for (unsigned i = 0; i < STEPS && !is_held(thread, lock->address); i++) {
		__atomic_add_fetch(&stayed, 1, __ATOMIC_RELAXED);
		raw_syscall3(SYS_nanosleep, (long)&step, 0, 0);
	}
}
