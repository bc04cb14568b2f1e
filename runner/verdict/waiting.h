/*
 * waiting.h - what a thread waits for, by its stack.
 *
 *     futex_wait, lock_acquire         native
 *     Condition.wait   threading.py  ─┐ library: the outermost of these says what it waits for
 *     Event.wait       threading.py  ─┘
 *     consume          app.py         ◄── the user's code that waits
 *     Thread.run       threading.py
 */
#ifndef RUNNER_WAITING_H
#define RUNNER_WAITING_H

#include <stdbool.h>
#include <stddef.h>

#include "ftstress/finding.h"

struct waiting {
	const char *what;         /* "an Event to be set"; NULL = not known: a lock of some kind */
	const char *giver;        /* what another thread has to do, "sets the Event"; or NULL */
	const struct frame *user; /* the user's code that waits; NULL = not known */
	bool driver;              /* it is the driver's thread, and waits for those of the test */
	bool join;                /* it waits for the end of a thread */
	bool idle;                /* it is a thread of a ThreadPoolExecutor without a job */
	bool job;                 /* it is a thread of a ThreadPoolExecutor that runs a job */
	bool future;              /* it waits for the result of a Future */
	bool condition;           /* it waits in a Condition, whose waiters acquire a lock twice */
};

/* Points into the stack. */
struct waiting waiting_of(const struct stack *stack);

#endif
