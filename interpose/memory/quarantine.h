/*
 * quarantine.h - keeps freed blocks for a while, marked so that ThreadSanitizer tells every use of them.
 *
 * Each thread keeps the blocks that it freed last in a queue, and only what leaves the queue goes back to
 * the allocator. Meanwhile nobody gets the memory, and ThreadSanitizer's cells of it hold what they hold of
 * a freed block of malloc(), in two of the four places that it has for the last accesses:
 *
 *     | freed | the write that told of the free | - | - |
 *
 * The first stands for a thread that nobody ever waits for, so each access races with it, also one of the
 * thread that freed, and one that is ordered after the free. ThreadSanitizer then takes the second in its
 * place, and finds that write in its history: the thread that freed, and its whole stack.
 *
 * Source: llvm, compiler-rt/lib/tsan/rtl: tsan_shadow.h: FreedMarker(), FreedInfo(), FastState;
 * tsan_rtl_access.cpp: MemoryRangeFreed(), DoReportRace().
 */
#ifndef INTERPOSE_QUARANTINE_H
#define INTERPOSE_QUARANTINE_H

#include "interpose/base/raw.h"

#include <stdbool.h>
#include <stdint.h>

extern HIDDEN bool quarantine_on;

struct kept {
	void *block;
	uint32_t bytes; /* all of it */
	uint32_t first; /* of these, from here on it is marked */
	uint8_t heap;   /* struct object_block */
};

/*
 * The calling thread has freed the block, and told ThreadSanitizer so. What is in its place is given
 * back by `give_back`: none, one or more blocks.
 */
HIDDEN void quarantine_keep(struct kept kept, void (*give_back)(struct kept kept));

/*
 * A block of so many bytes for the heap, that has left the calling thread's queue and was not given back;
 * NULL: there is none. That saves what the allocator does at both ends, which ThreadSanitizer looks at.
 */
HIDDEN void *quarantine_take(uint8_t heap, uint64_t bytes);

/* Whoever starts next keeps on with the queue of the thread, which ends. */
HIDDEN void quarantine_thread_ended(void);

#endif
