/*
 * deadlock.h - do threads of an iteration wait for each other, for ever? Who waits for whom?
 *
 * Once a second the process is looked at from outside, without stopping it. There are two sources:
 *
 *   The lists of libftstress.so (ftstress/locks.h), with --locks on, say which locks each thread
 *   holds and which one it waits for:
 *
 *     waits:  T1 -> lock 0x70   held:  T1 { 0x50 }        cycle  T1 -> 0x70 of T2 -> 0x50 of T1
 *             T2 -> lock 0x50          T2 { 0x70 }        or, alone, T1 -> 0x50 of T1
 *
 *   The kernel (asleep.h) says whether all threads sleep, without end, each until another thread of
 *   the process wakes it.
 *
 * A thread that waits for the GIL, or for the world to stop, does not sleep: it wakes up every few
 * milliseconds and polls. The list says that it is still in the same wait (attach_calls), and the
 * kernel that it has polled in between. Such a thread waits, too: only another thread of the
 * process can end its wait.
 *
 * A verdict needs two looks, at least DEADLOCK_SECONDS apart, with the same waits; and none of its
 * threads may have run in between. If a lock of the cycle is one that any thread may release
 * (threading.Lock), another thread could still come and release it. Then the verdict needs all
 * threads asleep, or DEADLOCK_PATIENCE in which none ran.
 *
 * A wait with a time limit makes no verdict. Not thread-safe.
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
#define DEADLOCK_PATIENCE 10.0 /* longer than a test sleeps before it releases a lock to others */
#define DEADLOCK_MAX 16        /* no longer cycle is looked for; nor are more waits reported */

/* A thread that waits for a lock, and who has it. */
struct deadlock_wait {
	pid_t tid;
	uint64_t address; /* of the lock */
	uint32_t kind;    /* enum fts_lock_kind */
	bool stops;       /* FTS_LOCK_ATTACHED: it wants to stop the world, not to be attached */
	uint32_t call;    /* FTS_LOCK_ATTACHED: a number, another one for each such wait */
	pid_t holder;     /* 0 = not known; `tid` itself: it waits for itself */
	bool ended;       /* the holder has ended */
	struct fts_held taken; /* the holder's entry of the lock: where it acquired it */
};

enum deadlock_kind {
	/* The thread of wait i waits for the thread of wait i + 1, the last one for the first. One
	 * wait alone: the thread waits for itself. */
	DEADLOCK_CYCLE,
	/* All threads sleep. There is a wait for each thread that waits for a lock with a known
	 * holder. */
	DEADLOCK_ASLEEP,
};

/* A thread that polls: it waits to be attached, or to stop the world. */
struct deadlock_poll {
	pid_t tid;
	bool stops;
};

struct deadlock {
	enum deadlock_kind kind;
	size_t count; /* of threads that stand still; 0 = nothing was found */
	struct deadlock_wait waits[DEADLOCK_MAX];
	size_t wait_count; /* of a cycle: the number of its threads */
	/* DEADLOCK_ASLEEP: the threads that poll. */
	struct deadlock_poll polls[DEADLOCK_MAX];
	size_t poll_count;
	pid_t keeper; /* the thread for which these wait: it stays attached. 0 = not known */
};

/*
 * The verdict of one look at the lists; false if there is none. `asleep`: how many threads sleep
 * for ever, 0 if not all do. It is sure only when a second look gives the same.
 */
bool deadlock_find(const struct locklists *lists, size_t asleep, struct deadlock *out);

struct deadlock_watch; /* what was seen at the last look */

struct deadlock_watch *deadlock_watch_new(void);
void deadlock_watch_free(struct deadlock_watch *watch);

/*
 * Looks at process `pid`, at most once in DEADLOCK_SECONDS; `now` is now_seconds(). True, with
 * *out, once a verdict is sure.
 */
bool deadlock_look(struct deadlock_watch *watch, pid_t pid, double now, struct deadlock *out);

/*
 * Processor seconds that threads of the process have spent polling, for the GIL or for the world to
 * stop. In that time they waited, and computed nothing.
 */
double deadlock_polled(const struct deadlock_watch *watch, pid_t pid);

/*
 * Turns the finding of a hang (of fault_of_hang(), with its participants) into that of a deadlock:
 * sets kind, title, explanation and graph, and puts the threads that wait for each other first.
 */
void deadlock_tell(const struct deadlock *deadlock, struct collator *collator,
		   const struct iteration_context *context, pid_t pid, struct finding *finding);

#endif
