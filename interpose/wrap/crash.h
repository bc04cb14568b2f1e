/*
 * crash.h - fatal signals. The crashing thread emits a record of what happened, and then stands
 * still until the runner has read the stacks of all threads.
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
 * The three words crash_lock, crash_tid and crash_done are futexes in memory that two processes
 * share, so wait and wake come without FUTEX_PRIVATE_FLAG. If the runner does not answer, the
 * process dies after 5 s all the same. Further threads of a process that is about to die may crash,
 * too: they are parked for good, and show in the capture like any other thread.
 *
 * The program's own handlers win: while the program has one set for a fatal signal, ours is not
 * set. sigaction() and signal() are wrapped to notice that. Where the program sets the default
 * action, our handler is set; where it asks what is set, and ours is, it is told "the default
 * action".
 */
#ifndef INTERPOSE_CRASH_H
#define INTERPOSE_CRASH_H

#include "interpose/base/concern.h"

/*
 * Give the calling thread an alternate signal stack. Without one, a thread that overflows its stack
 * dies and nobody learns why. The stack lies in thread-local storage: nothing has to be freed. If
 * the thread has one already that is large enough, that one is kept. Async-signal-safe; costs two
 * system calls.
 */
void crash_thread_init(void);

#endif
