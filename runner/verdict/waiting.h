/*
 * waiting.h - what a thread waits for, by its stack.
 *
 *     futex_wait, lock_acquire         native
 *     Condition.wait   threading.py  ─┐ library: the outermost of these says what it is
 *     Event.wait       threading.py  ─┘
 *     consume          app.py         ◄── whose code waits
 *     Thread.run       threading.py
 */
#ifndef RUNNER_WAITING_H
#define RUNNER_WAITING_H

#include <stdbool.h>
#include <stddef.h>

#include "ftstress/finding.h"

struct waiting {
	const char *what;         /* "an Event to be set"; NULL = not known: a lock of some kind */
	const char *giver;        /* "sets the Event"; NULL where there is none to name */
	const struct frame *user; /* whose code waits, NULL = not known */
	bool driver;              /* our own driver's threads, waiting for those of the test */
	bool join;                /* for the end of a thread */
	bool idle;                /* a thread of a ThreadPoolExecutor without a job */
	bool job;                 /* a thread of a ThreadPoolExecutor that runs a job */
	bool future;              /* for the result of a Future */
	bool condition;           /* in threading.Condition, whose waiters take a lock twice */
};

/* Points into the stack. */
struct waiting waiting_of(const struct stack *stack);

#endif
