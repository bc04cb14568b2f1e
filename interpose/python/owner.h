/*
 * owner.h - whose data a block of memory is: the bytearray, array.array or numpy.ndarray that points
 * to it.
 *
 * A block does not know its owner, so all objects of the owner's size are looked at: the pages of
 * CPython's allocators, some MiB, a few milliseconds. So it is done for reports only, and, where no
 * page that had an owner before has this one, for a limited number of them in a process. Reads
 * through the kernel, as object.h. Not thread-safe: the caller holds a lock.
 */
#ifndef INTERPOSE_OWNER_H
#define INTERPOSE_OWNER_H

#include <stdbool.h>
#include <stdint.h>

struct owner {
	uint64_t data;    /* where its data begins */
	uint64_t object;  /* where it begins itself */
	const char *type; /* static */
};

/* The living object whose data begins in the block. False: none of these types has it. */
bool owner_find(uint64_t block, uint64_t size, struct owner *owner);

#endif
