/*
 * asleep.h - do all threads of a process sleep in waits that only one of them could end?
 *
 * Read from /proc, without stopping anything; works for any program, with our library or without.
 *
 *     thread of /proc/PID/task     syscall                                   counts as
 *     main                         futex wait, no timeout, own memory        asleep
 *     worker                       futex wait, no timeout, own memory        asleep
 *     ThreadSanitizer's own        nanosleep called from its runtime         left out
 *     any other                    read, poll, sleep, timed futex, running   not asleep: no verdict
 *
 * What could still come from outside makes no verdict either: another living process of the group,
 * a futex in memory that is shared, a signal handler that a program sets to be woken by (an alarm,
 * the end of a child).
 *
 * Two looks that are the same (asleep_same) say that nothing happened in between.
 */
#ifndef RUNNER_ASLEEP_H
#define RUNNER_ASLEEP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct asleep_thread {
	pid_t tid;
	uint64_t switches; /* times that it was scheduled */
	uint64_t word;     /* address of the futex */
};

struct asleep {
	struct asleep_thread *threads; /* by tid, without ThreadSanitizer's own */
	size_t count;
};

/*
 * True if all threads of the process sleep like that, but for those `without`, which are known to
 * wait for another one of them. `proc` is where /proc is mounted. `out` is overwritten, and on
 * false empty.
 */
bool asleep_look(const char *proc, pid_t pid, const pid_t *without, size_t without_count,
		 struct asleep *out);

/* The same threads in the same waits, and none was scheduled in between. Two empty ones differ. */
bool asleep_same(const struct asleep *before, const struct asleep *now);

void asleep_clear(struct asleep *asleep);

#endif
