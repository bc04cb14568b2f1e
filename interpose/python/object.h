/*
 * object.h - what Python object or memory block an address belongs to.
 *
 * TSan knows malloc's blocks; CPython's objects live in its own mimalloc, of which TSan knows
 * nothing. Here the address is followed through mimalloc's own structures: segment (32 MiB,
 * aligned) -> slice -> page -> block, then the block is asked for its type.
 *
 * Reads through the kernel, so that an address that is nothing, or memory that is being freed,
 * does no harm. About ten system calls. Calls nothing in CPython. Async-signal-safe, thread-safe.
 * Finds nothing in a Python that is laid out in another way (release.h).
 */
#ifndef INTERPOSE_OBJECT_H
#define INTERPOSE_OBJECT_H

#include <stdbool.h>
#include <stdint.h>

struct object {
	uint64_t start; /* of the object, or of the block where it has no known type */
	uint64_t size;  /* of the block from start on, bytes */
	char type[128]; /* tp_name of the type; "" = a block that is no object */
	bool memory;    /* a block of PyMem_Malloc(): it ends in PyMem_Free() or PyMem_Realloc() */
};

/* False if the address is not in a block of CPython's allocators. */
bool object_find(uint64_t address, struct object *object);

struct object_block {
	uint64_t size;   /* bytes */
	uint64_t header; /* bytes of it that stand before the object */
	bool memory;     /* PyMem_Malloc()'s */
	uint8_t heap;    /* of which of the thread's heaps, below OBJECT_HEAPS */
};

enum { OBJECT_HEAPS = 4 };

/* What mimalloc says of a block that is not freed yet, which begins at the address. No system call. */
struct object_block object_block(const void *block);

/* Does a block begin at the address, which is in a page of mimalloc's? No system call. */
bool object_block_begins(const void *block);

/* The block of an address inside of it, through the kernel as above. */
bool object_block_at(uint64_t address, uint64_t *start, struct object_block *block);

/* The same without a system call, of an address whose segment (below) is there. */
bool object_block_beside(uint64_t address, uint64_t *start, struct object_block *block);

/*
 * The same for a block of C's malloc(), `size` bytes long: some types take their objects from there.
 * True if a type stands where an object has it, and such objects are that long.
 */
bool object_in_malloc(uint64_t block, uint64_t size, struct object *object);

/* Copies memory of this process that may not be there. */
bool object_peek(uint64_t address, void *out, uint64_t length);

/* The name of the type at `type`; false if that is no type. */
bool object_type_name(uint64_t type, char *name, uint64_t room);

#define OBJECT_SEGMENT (32ull << 20) /* bytes, and how a segment is aligned */

struct object_page {            /* blocks of one size, for objects */
	uint64_t start, length; /* bytes that were ever used */
	uint64_t block;         /* bytes of a block */
	uint64_t header;        /* of these before the object */
};

/*
 * Calls `look` for the pages of objects of the segment that is, or is not, at the address, until it
 * returns true; returns whether it did.
 */
bool object_pages(uint64_t segment, bool (*look)(const struct object_page *page, void *context),
		  void *context);

#endif
