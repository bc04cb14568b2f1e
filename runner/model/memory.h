/*
 * memory.h - races with the allocator, and races on an object's making.
 *
 * CPython's allocator keeps its lists inside of free blocks. So an access of its own that races with
 * somebody else's says that a block was free, or was made free, while that somebody used it:
 *
 *     thread 1                                   thread 2
 *     mi_block_set_nextx   allocator             dict_lookup   reads the same memory
 *     mi_free              allocator             ...
 *     dict_dealloc  ◄── who gave it back
 *
 * A lock-free look at an object that may be gone (_Py_TryIncref and its kin) is no use of it:
 * CPython keeps such memory readable on purpose.
 */
#ifndef RUNNER_MEMORY_H
#define RUNNER_MEMORY_H

#include <stdbool.h>
#include <stddef.h>

#include "ftstress/finding.h"

enum memory_act {
	MEMORY_USED,  /* by code like any other */
	MEMORY_TRIED, /* looked at by _Py_TryIncref */
	MEMORY_GIVEN, /* by the allocator, to who asked for memory */
	MEMORY_FREED,
	MEMORY_MOVED, /* reallocated */
};

/* Is it a function of CPython's allocator? */
bool memory_is_allocator(const struct frame *frame);
/* What the access at the top of the stack is. */
enum memory_act memory_act(const struct stack *stack);
/* Index of the function that called the allocator, whose access it is; stack->count if none is
 * there. */
size_t memory_caller(const struct stack *stack);
/* Is it a write by a function that makes new objects, which nobody else has seen yet? */
bool memory_is_making(const struct participant *side);

/* The side of a data race that freed or moved what the other one still used; NULL if it is no such
 * race. */
const struct participant *memory_freed_in_use(const struct finding *finding);

#endif
