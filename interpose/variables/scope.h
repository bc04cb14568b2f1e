/*
 * scope.h - which Python code is looked at, by its file.
 *
 * The driver hands over a list, a line for each folder or file: a letter, a blank, how its path
 * begins. The longest one that fits a file counts; a file that none fits is of SCOPE_NONE.
 */
#ifndef INTERPOSE_SCOPE_H
#define INTERPOSE_SCOPE_H

#include "interpose/base/raw.h"

#include <stdint.h>

/* Bits of a code object. */
enum {
	SCOPE_NONE = 1, /* X: what it does to variables is not looked at */
	SCOPE_TOLD = 2, /* M */
	/* S: it makes threads wait for each other, and what it stores releases, what it loads
	 * acquires, as a flag does that threads look at without a lock. */
	SCOPE_SYNC = 4,
	SCOPE_FINALIZER = 8, /* __del__: the object's count has ordered it after all others' use */
	/* Of threading.py: takes the lock of its list of threads, which each thread does when it
	 * ends and the next one when it starts. That order is not meant. */
	SCOPE_THREAD_LIST = 16,
	/* H: does no more than the code that calls it asks for: UserDict's methods. W, of containers with weak
	 * references: the same, and S where it is no such code that asks. */
	SCOPE_HANDED = 32,
	SCOPE_STATE = 64, /* of queue.py: see states.h */
};

/* Of a code object that the caller keeps alive; `id`: code_id(), not 0. */
HIDDEN uint8_t scope_of(const void *code, uint32_t id);

/* Copies the list. False: there is no memory. */
HIDDEN bool scope_set(const char *list);

#endif
