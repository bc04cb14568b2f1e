/*
 * freelists.h - CPython's free lists, switched off.
 *
 * Of floats, tuples, lists, dicts and others each thread keeps some that it let go, to use them again:
 * no block is freed, and what such an object holds can be used late without that anything shows. Each
 * list has a counter, in the thread's state; -1 there says that the list is not to be used any more.
 *
 * Source: CPython, Include/internal/pycore_freelist_state.h (3.13: pycore_freelist.h), pycore_tstate.h.
 */
#ifndef INTERPOSE_FREELISTS_H
#define INTERPOSE_FREELISTS_H

#include "interpose/base/raw.h"

#include <stdbool.h>
#include <stdint.h>

extern HIDDEN bool freelists_off; /* of the first thread, and so of all */

/* False, and *why: they look different. In the one thread that there is; it is switched off for that. */
HIDDEN bool freelists_start(const char **why);

/* The same for the calling thread, which is attached; nothing if it was done. */
HIDDEN void freelists_look(void);

/* From which of its four heaps does the calling thread take the next object? */
HIDDEN uint8_t freelists_heap(void);

#endif
