/*
 * asleep.h - do all threads of a process sleep, each until another thread of the process wakes it?
 * Then they sleep for ever.
 *
 * This is read from /proc, and stops nothing. It works for any program, with libftstress.so or
 * without.
 *
 *     thread of /proc/PID/task     syscall                                   counts as
 *     main                         futex wait, no timeout, own memory        asleep
 *     worker                       futex wait, no timeout, own memory        asleep
 *     ThreadSanitizer's own        nanosleep called from its runtime         left out
 *     any other                    read, poll, sleep, timed futex, running   not asleep: no verdict
 *
 * There is no verdict, either, if a thread could be woken from outside: if another process of the
 * group lives, if a futex is in shared memory, or if the program has a handler for a signal that
 * may be meant to wake it (an alarm, the end of a child).
 *
 * If two looks are the same (asleep_same()), nothing happened in between.
 */
#ifndef RUNNER_ASLEEP_H
#define RUNNER_ASLEEP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct asleep_thread {
	pid_t tid;
	uint64_t switches; /* how often it gave up a processor */
	uint64_t word;     /* address of the futex */
};

struct asleep {
	struct asleep_thread *threads; /* by tid, without ThreadSanitizer's own */
	size_t count;
};

/*
 * True if all threads of the process sleep like that. The threads in `without` are not looked at:
 * the caller knows that they wait for another thread of the process. `proc` is where /proc is
 * mounted. `out` is overwritten; on false it is empty.
 */
bool asleep_look(const char *proc, pid_t pid, const pid_t *without, size_t without_count,
		 struct asleep *out);

/* Do both have the same threads in the same waits, and did none run in between? False for two empty
 * ones. */
bool asleep_same(const struct asleep *before, const struct asleep *now);

void asleep_clear(struct asleep *asleep);

#endif
