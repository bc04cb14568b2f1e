/*
 * allocator.h - CPython's allocators, to be wrapped: PyMemAllocatorEx, Include/cpython/pymem.h.
 */
#ifndef INTERPOSE_ALLOCATOR_H
#define INTERPOSE_ALLOCATOR_H

#include "interpose/base/raw.h"
#include "interpose/base/symbol.h"

#include <stdbool.h>
#include <stddef.h>

struct allocator {
	void *context;
	void *(*malloc)(void *context, size_t size);
	void *(*calloc)(void *context, size_t count, size_t size);
	void *(*realloc)(void *context, void *block, size_t size);
	void (*free)(void *context, void *block);
};

/* PYMEM_DOMAIN_MEM, _OBJ. That of PyMem_RawMalloc() is C's malloc(), which ThreadSanitizer knows. */
enum { ALLOCATOR_MEM = 1, ALLOCATOR_OBJECTS = 2 };

/* False: this Python does not say. */
static inline bool allocator_get(int domain, struct allocator *allocator)
{
	void (*get)(int, struct allocator *) =
		(void (*)(int, struct allocator *))symbol_next("PyMem_GetAllocator");
	if (get)
		get(domain, allocator);
	return get && symbol_next("PyMem_SetAllocator");
}

static inline void allocator_set(int domain, struct allocator allocator)
{
	void (*set)(int, struct allocator *) =
		(void (*)(int, struct allocator *))symbol_next("PyMem_SetAllocator");
	set(domain, &allocator);
}

#endif
