/*
 * per_thread.h - memory of our own for each thread.
 *
 * A block goes to a later thread when its own is gone. A thread's end is not noticed: its
 * destructors still run the program's code, which comes to our hooks, and pthread_exit() comes back
 * to none of our functions. So there are about as many blocks as threads that lived at once.
 */
#ifndef INTERPOSE_PER_THREAD_H
#define INTERPOSE_PER_THREAD_H

#include "interpose/base/raw.h"

#include <stdbool.h>
#include <stdint.h>

struct per_thread {
	uint64_t size; /* of a block, bytes */
	struct raw_lock lock;
	struct per_thread_block *first, *next; /* all, and where the next look begins */
};

/* A block for the calling thread, zeroed; NULL without memory. */
HIDDEN void *per_thread_claim(struct per_thread *all);
/* It is not needed after all. */
HIDDEN void per_thread_release(void *block);

HIDDEN void per_thread_before_fork(struct per_thread *all);
/* `own`: the calling thread's block or NULL; in the child the thread has another number. */
HIDDEN void per_thread_after_fork(struct per_thread *all, void *own, bool in_child);

#endif
