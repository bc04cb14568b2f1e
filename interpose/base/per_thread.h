/*
 * per_thread.h - memory of our own for each thread.
 *
 * A block is never freed when its thread ends, because we do not notice the end: the thread's
 * destructors still run the program's code, which comes to our hooks, and pthread_exit() returns to
 * none of our functions. Instead, a later thread takes over a block whose thread is gone. So there
 * are about as many blocks as there were threads at one time.
 */
#ifndef INTERPOSE_PER_THREAD_H
#define INTERPOSE_PER_THREAD_H

#include "interpose/base/raw.h"

#include <stdbool.h>
#include <stdint.h>

struct per_thread {
	uint64_t size; /* of a block, bytes */
	struct raw_lock lock;
	struct per_thread_block *first, *next; /* list of all; where the next search begins */
};

/* A block for the calling thread, zeroed; NULL if there is no memory. */
HIDDEN void *per_thread_claim(struct per_thread *all);
/* The calling thread does not need its block after all. */
HIDDEN void per_thread_release(void *block);

HIDDEN void per_thread_before_fork(struct per_thread *all);
/*
 * `own`: the calling thread's block or NULL. In the child its owner gets the thread's new number.
 */
HIDDEN void per_thread_after_fork(struct per_thread *all, void *own, bool in_child);

#endif
