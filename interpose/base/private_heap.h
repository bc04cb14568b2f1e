/*
 * private_heap.h - memory for the hooks.
 *
 * A copy of jemalloc, linked in statically and hidden. It calls nothing that TSan sees: its locks
 * and system calls are those of raw.h (private_heap.c). Thread-safe; not async-signal-safe.
 */
#ifndef INTERPOSE_PRIVATE_HEAP_H
#define INTERPOSE_PRIVATE_HEAP_H

#include <stddef.h>

void *heap_alloc(size_t size);  /* NULL when the system has no more memory */
void *heap_zalloc(size_t size); /* zeroed */
void heap_free(void *block);

#endif
