/*
 * private_heap.h - memory for the hooks.
 *
 * jemalloc, linked in statically and hidden, whose locks and memory calls go to raw.h (see
 * private_heap.c): no malloc of the program, no lock that TSan sees. Thread-safe; not
 * async-signal-safe.
 */
#ifndef INTERPOSE_PRIVATE_HEAP_H
#define INTERPOSE_PRIVATE_HEAP_H

#include <stddef.h>

void *heap_alloc(size_t size);  /* NULL when the system has no more memory */
void *heap_zalloc(size_t size); /* zeroed */
void heap_free(void *block);

#endif
