/*
 * memory.h - data races with the allocator, and data races with the code that makes an object.
 *
 * CPython's allocator keeps its lists inside of free blocks. So when an access of the allocator
 * races with an access of other code, the other code used a block that was free, or was just being
 * freed:
 *
 *     thread 1                                   thread 2
 *     mi_block_set_nextx   allocator             dict_lookup   reads the same memory
 *     mi_free              allocator             ...
 *     dict_dealloc  ◄── frees the block
 *
 * _Py_TryIncref() and its kin look, without a lock, at an object that may be gone. That does not
 * count as a use: CPython keeps such memory readable on purpose.
 */
#ifndef RUNNER_MEMORY_H
#define RUNNER_MEMORY_H

#include <stdbool.h>
#include <stddef.h>

#include "ftstress/finding.h"

enum memory_act {
	MEMORY_USED,  /* used by code that is not the allocator */
	MEMORY_TRIED, /* looked at by _Py_TryIncref() or its kin */
	MEMORY_GIVEN, /* allocated */
	MEMORY_FREED, /* freed */
	MEMORY_MOVED, /* reallocated */
};

/* Is it a function of CPython's allocator? */
bool memory_is_allocator(const struct frame *frame);
/* What the access at the top of the stack does, by Python's allocator. */
enum memory_act memory_act(const struct stack *stack);
/* The same of C's malloc(), free() and realloc(), of which ThreadSanitizer tells; else MEMORY_USED. */
enum memory_act memory_c_act(const struct stack *stack);
/*
 * If it is the allocator's: index of the function that called the allocator; stack->count if there
 * is none.
 */
size_t memory_caller(const struct stack *stack);
/*
 * Did one side only look at the header of an object that may be gone, and the other one free or make
 * what is there? That is no race: CPython keeps such memory readable, and looks again.
 */
bool memory_is_look(const struct finding *finding);
/* Is it a write by a function that makes new objects, which nobody else has seen yet? */
bool memory_is_making(const struct participant *side);

/*
 * Is the access made by the interpreter's own code? It is, if no other code stands above the
 * interpreter's in the stack; runtimes are not counted.
 */
bool memory_is_interpreters(const struct participant *side);

/*
 * Of where a block was allocated: may it have been used again since, without that its allocator
 * knows? CPython keeps such blocks in free lists of its own.
 */
bool memory_is_recycled(const struct stack *allocated);

/*
 * The side of a race that freed or moved what the other side used; NULL if it is no such race. Looks at
 * the stacks alone, so that it can be asked before the finding's kind is known.
 */
const struct participant *memory_freed_in_use(const struct finding *finding);

#endif
