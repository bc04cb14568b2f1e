/*
 * misuse.h - tells of a call that must not be made with this block or object, with the stack of the
 * call, the place where the block was freed before, and that where it was made.
 *
 * ThreadSanitizer has no part in it: that needs no two threads, and no two accesses without order.
 */
#ifndef INTERPOSE_MISUSE_H
#define INTERPOSE_MISUSE_H

#include "interpose/base/raw.h"
#include "interpose/memory/made.h"

#include <stdbool.h>
#include <stdint.h>

struct misuse {
	const char *type; /* by which the runner knows the kind: kinds/NAME.c, `reports` */
	const char *act;  /* what the thread does, in words: "frees the block again" */
	uint64_t
		place; /* return address of the call, told a few times in a process; 0 = not known */
	uint64_t address;   /* what was given to the call */
	uint64_t object;    /* where what it means begins; 0 = the address is in no block */
	const char *before; /* what was done to it where it ended, in words; NULL = it has not */
};

/*
 * To be called by a hook, before the call is passed on. Thread-safe.
 */
HIDDEN void misuse_tell(const struct misuse *misuse);

/* The same of an object for which no call is to blame: the stack is where it was made. */
HIDDEN void misuse_tell_made(const struct misuse *misuse, const struct made *made);

/* Has the place been told often enough? Then there is no need to look closer. */
HIDDEN bool misuse_is_told(uint64_t place);

HIDDEN void misuse_before_fork(void);
HIDDEN void misuse_after_fork(void);

#endif
