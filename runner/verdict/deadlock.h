/*
 * deadlock.h - does an iteration stand still for ever, now? Who waits for whom.
 *
 *   Two sources, both read from outside without stopping the process, once a second:
 *
 *   our library's lists (locks.h), with --locks on: what each thread holds and waits for
 *
 *     waits:  T1 -> lock 0x70   held:  T1 { 0x50 }        cycle  T1 -> 0x70 of T2 -> 0x50 of T1
 *             T2 -> lock 0x50          T2 { 0x70 }        or, alone, T1 -> 0x50 of T1
 *
 *   the kernel (asleep.h): all threads sleep, without end, in waits that only one of them could end
 *
 * Who waits for the GIL, or for the world to stop, does not sleep: it looks every few milliseconds.
 * The list says that it is still in the same call (attach_calls), the kernel that it has looked
 * again: such a thread waits, too, and only another thread of the process can end it.
 *
 * A verdict counts if it stood between two looks at least DEADLOCK_SECONDS apart: the same waits,
 * and none of its threads was scheduled. A lock that any thread may give back (threading.Lock)
 * counts at once if all threads sleep, else after DEADLOCK_PATIENCE in which none ran.
 *
 * Waits with a time limit make no verdict. Not thread-safe.
 */
#ifndef RUNNER_DEADLOCK_H
#define RUNNER_DEADLOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "ftstress/finding.h"
#include "ftstress/locks.h"
#include "runner/collate/collate.h"
#include "runner/inspect/locklists.h"

#define DEADLOCK_SECONDS 1.0
#define DEADLOCK_PATIENCE 10.0 /* longer than a test sleeps before it gives a lock to others */
#define DEADLOCK_MAX 16 /* threads of the longest cycle looked for, and waits that are told */

/* A thread that waits for a lock, and who has it. */
struct deadlock_wait {
	pid_t tid;
	uint64_t address;      /* of the lock */
	uint32_t kind;         /* enum fts_lock_kind */
	bool stops;            /* FTS_LOCK_ATTACHED: to stop the world, not to be attached */
	uint32_t call;         /* FTS_LOCK_ATTACHED: which call of the thread's it is */
	pid_t holder;          /* 0 = not known; `tid` itself: it waits for itself */
	bool ended;            /* the holder is no more */
	struct fts_held taken; /* by the holder */
};

enum deadlock_kind {
	DEADLOCK_CYCLE, /* the holder of wait i is the thread of wait i + 1, the last's the first's;
			   a single one waits for itself */
	DEADLOCK_ASLEEP, /* all sleep; the waits of those that wait for a lock with a known holder
			  */
};

/* A thread that waits to be attached, or stops the world. */
struct deadlock_poll {
	pid_t tid;
	bool stops;
};

struct deadlock {
	enum deadlock_kind kind;
	size_t count; /* of threads that stand still; 0 = nothing was found */
	struct deadlock_wait waits[DEADLOCK_MAX];
	size_t wait_count; /* for a cycle, all its threads */
	/* DEADLOCK_ASLEEP: those of the threads that look again and again. */
	struct deadlock_poll polls[DEADLOCK_MAX];
	size_t poll_count;
	pid_t keeper; /* stays attached, so that they wait; 0 = not known. See guard.c */
};

/*
 * What one look at the lists says; `asleep`: so many threads sleep for ever, 0 = not all do.
 * Whether it lasts, and so is sure, a second look tells. False: nothing.
 */
bool deadlock_find(const struct locklists *lists, size_t asleep, struct deadlock *out);

struct deadlock_watch; /* what was seen at the last look */

struct deadlock_watch *deadlock_watch_new(void);
void deadlock_watch_free(struct deadlock_watch *watch);

/*
 * Looks at process `pid`, at most once in DEADLOCK_SECONDS; `now` is now_seconds(). True, and *out,
 * once it is sure.
 */
bool deadlock_look(struct deadlock_watch *watch, pid_t pid, double now, struct deadlock *out);

/*
 * Processor seconds that threads of the process took to look whether the GIL is free, or the world
 * stopped, and it was not: they waited, and computed nothing.
 */
double deadlock_polled(const struct deadlock_watch *watch, pid_t pid);

/*
 * Turns the finding of a hang (fault_of_hang, with its participants) into that of a deadlock: kind,
 * title, explanation, graph, and the threads that it is about first.
 */
void deadlock_tell(const struct deadlock *deadlock, struct collator *collator,
		   const struct iteration_context *context, pid_t pid, struct finding *finding);

#endif
