/*
 * trace.h - reads what a thread did out of ThreadSanitizer's history of it.
 *
 *     part ─► part ─► part      of 256 KiB; a part begins a page, with a head
 *             │   └ events      accesses, calls, locks: a word or two each
 *             └ the thread writes here (base/history.h)
 *
 * An access that the same thread has made before, since it last let go of something, is not written
 * again. Source: llvm, compiler-rt/lib/tsan/rtl: tsan_trace.h, tsan_ilist.h.
 */
#ifndef INTERPOSE_TRACE_H
#define INTERPOSE_TRACE_H

#include "interpose/base/history.h"
#include "interpose/base/raw.h"

#include <stdbool.h>
#include <stdint.h>

enum trace_use { TRACE_READ, TRACE_READ_ATOMIC, TRACE_WRITE, TRACE_WRITE_ATOMIC };

struct trace_reader {
	/* 1 to 8 bytes; NULL = not wanted. pc: 0 where it is not known. */
	void (*access)(uint64_t address, uint64_t size, enum trace_use use, uint64_t pc);
	/* memcpy() and the like; also malloc(), see trace_is_malloc(). */
	void (*range)(uint64_t address, uint64_t size, enum trace_use use, uint64_t pc);
};

/* What the runtime calls functions that allocate is found. To be called once. False: it is not. */
HIDDEN bool trace_start(void);

/* Where the calling thread, or fiber, writes now. */
static inline const uint64_t *trace_now(void)
{
	return history_at(history_of_thread());
}

/*
 * Reads what the calling thread did between the two places. False: it can't be read, or not all of it,
 * because it is too long. No lock, no intercepted call.
 */
HIDDEN bool trace_read(const uint64_t *from, const uint64_t *to, const struct trace_reader *reader);

/* Is the program counter of a range's write that of a function that allocates? */
HIDDEN bool trace_is_malloc(uint64_t pc);

/* Of an address, the bits that are in the history. */
#define TRACE_ADDRESS ((1ull << HISTORY_ADDRESS_BITS) - 1)

#endif
