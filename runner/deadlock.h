/*
 * deadlock.h - is an iteration deadlocked, now? Who waits for whom.
 *
 *   libftstress.so keeps, for each thread, the locks held and the one waited for (locks.h). The
 *   runner reads that once a second from outside, without stopping the process:
 *
 *     waits:  T1 -> lock 0x70   held:  T1 { 0x50 }        cycle  T1 -> 0x70 of T2 -> 0x50 of T1
 *             T2 -> lock 0x50          T2 { 0x70 }
 *
 *   A cycle counts if it stood still between two looks at least DEADLOCK_SECONDS apart: the same
 *   waits, and none of its threads was scheduled. A lock that any thread may give back
 *   (threading.Lock) counts only while no other thread of the process runs either.
 *
 * Waits with a time limit make no cycle. Not thread-safe.
 */
#ifndef RUNNER_DEADLOCK_H
#define RUNNER_DEADLOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "ftstress/finding.h"
#include "ftstress/locks.h"
#include "runner/collate.h"

#define DEADLOCK_SECONDS 1.0
#define DEADLOCK_MAX 8 /* threads of the longest cycle looked for */

struct deadlock_wait {
	pid_t tid;
	uint32_t number;       /* of the thread in its process */
	uint64_t address;      /* of the lock that it waits for */
	uint32_t kind;         /* enum fts_lock_kind */
	struct fts_held holds; /* what the thread before it in the cycle waits for */
};

/* thread i waits for what thread i + 1 holds, the last for what the first holds */
struct deadlock {
	struct deadlock_wait waits[DEADLOCK_MAX];
	size_t count; /* 0 = none */
};

struct deadlock_watch; /* what was seen at the last look */

struct deadlock_watch *deadlock_watch_new(void);
void deadlock_watch_free(struct deadlock_watch *watch);

/*
 * Looks at process `pid`, at most once in DEADLOCK_SECONDS; `now` is now_seconds(). True, and *out,
 * once it is sure. A process without our locks concern is never deadlocked.
 */
bool deadlock_look(struct deadlock_watch *watch, pid_t pid, double now, struct deadlock *out);

/*
 * Turns the finding of a hang (fault_of_hang, with its participants) into that of a deadlock: kind,
 * title, explanation, graph, and the threads of the cycle first.
 */
void deadlock_tell(const struct deadlock *deadlock, struct collator *collator,
		   const struct iteration_context *context, pid_t pid, struct finding *finding);

#endif
