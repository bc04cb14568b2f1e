/*
 * crash.h - fatal signals: say what happened, and stand still until the runner has the stacks.
 *
 *     crashing thread                                runner
 *     crash_lock: 0 -> pid
 *     crash_done = 0, writes FTS_REC_CRASH
 *     crash_tid = tid, wakes crash_tid               sees the record (or crash_tid)
 *     waits until crash_done is 1, at most 5 s       capture_crashed(pid, tid, ...)
 *                                                    crash_done = 1, wakes crash_done
 *     crash_tid = 0, crash_lock = 0
 *     default action: dies by the same signal
 *
 * The three words are futexes in shared memory: wait and wake without FUTEX_PRIVATE_FLAG. The
 * runner need not wait: when nobody answers, the process dies after 5 s all the same. While a
 * process is about to die, further threads of it that crash are parked for good; they show in the
 * capture like any other thread.
 *
 * The program's own handlers win: while one is set for a fatal signal, ours is not in place.
 * sigaction() and signal() are wrapped to notice; where the program asks for the default action,
 * or asks what is set, ours is what the default is.
 */
#ifndef INTERPOSE_CRASH_H
#define INTERPOSE_CRASH_H

#include "interpose/base/concern.h"

/*
 * Starts in the zygote, gives its thread an alternate stack, and forgets a crash of the parent in
 * the child. It needs ring_init() to have been called.
 */
/*
 * Give the calling thread an alternate signal stack, so that a stack overflow is told too. It is
 * part of the thread's own storage: nothing to release. A stack that is set already is kept.
 * Async-signal-safe; costs two system calls. Without it a thread that overflows its stack dies
 * untold.
 */
void crash_thread_init(void);

#endif
