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

enum { ALLOCATOR_FRAME = 4096 }; /* bytes of the stack frame of PyMem_Malloc() and its kin */

/*
 * Where the function that called a hook returns to: PyMem_Malloc()'s caller. CPython has frame
 * pointers; somebody else who calls the hook need not.
 */
static inline __attribute__((always_inline)) uint64_t allocator_caller(const uint64_t *frame)
{
	uint64_t outer = frame[0] - (uint64_t)frame;
	return LIKELY(outer < ALLOCATOR_FRAME && outer % 8 == 0) ? frame[outer / 8 + 1] : frame[1];
}
#define CALLER allocator_caller(__builtin_frame_address(0))

#endif
