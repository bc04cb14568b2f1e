/*
 * waits.c - where a thread waits: functions that sleep, and the semaphores on which the interpreter
 * waits for another thread. Each passes the turn on.
 */
#define _GNU_SOURCE
#include "interpose/base/symbol.h"
#include "interpose/turns/turns.h"

#include <sched.h>
#include <sys/select.h>
#include <time.h>
#include <unistd.h>

EXPORT int sched_yield(void)
{
	turns_give_way(false);
	return (int)raw_syscall3(SYS_sched_yield, 0, 0, 0);
}

#define SLEEP(name, parameters, arguments, is_sleep)                                               \
	EXPORT int name parameters                                                                 \
	{                                                                                          \
		static int(*real) parameters;                                                      \
		if (UNLIKELY(!real))                                                               \
			real = (int(*) parameters)symbol_need(#name);                              \
		if (LIKELY(!turns_self) || !(is_sleep))                                            \
			return real arguments;                                                     \
		turns_give_way(true);                                                              \
		int result = real arguments;                                                       \
		turns_regain();                                                                    \
		return result;                                                                     \
	}
SLEEP(clock_nanosleep,
      (clockid_t clock, int flags, const struct timespec *time, struct timespec *left),
      (clock, flags, time, left), true)
SLEEP(nanosleep, (const struct timespec *time, struct timespec *left), (time, left), true)
SLEEP(usleep, (useconds_t time), (time), true)
SLEEP(select, (int count, fd_set *in, fd_set *out, fd_set *other, struct timeval *time),
      (count, in, out, other, time), count == 0)

/* Every wait of the interpreter for another thread: its locks, events, critical sections, joins. */
EXPORT int _PySemaphore_Wait(void *semaphore, int64_t timeout, int detach);
int _PySemaphore_Wait(void *semaphore, int64_t timeout, int detach)
{
	static int (*real)(void *, int64_t, int);
	if (UNLIKELY(!real))
		real = (int (*)(void *, int64_t, int))symbol_need("_PySemaphore_Wait");
	if (!turns_block(semaphore))
		return real(semaphore, timeout, detach);
	int result = real(semaphore, timeout, detach);
	turns_attach();
	return result;
}

EXPORT void _PySemaphore_Wakeup(void *semaphore);
void _PySemaphore_Wakeup(void *semaphore)
{
	static void (*real)(void *);
	if (UNLIKELY(!real))
		real = (void (*)(void *))symbol_need("_PySemaphore_Wakeup");
	turns_wake(semaphore);
	real(semaphore);
}
