/*
 * marks.h - what ThreadSanitizer remembers of a race ends with the memory that had it.
 *
 * It tells one race an address: then it marks the eight bytes there like constant data, whose reads
 * and ranges (memcpy()) it no longer looks at. With malloc() and free() that ends with the block. It
 * does not know Python's heap, so there the next object's races would be missed.
 *
 * And of eight bytes it remembers four accesses: a fifth takes the place of any. In memory that is made
 * again and again, pair after pair, the four are mostly of what was there before, and an access to the
 * new object was often gone before the other thread came. So what a pair needs begins with none
 * (marks_renew()).
 *
 * Source: llvm, compiler-rt/lib/tsan/rtl: DoReportRace(), CheckRaces(), Shadow::kRodata,
 * Mapping48AddressSpace.
 */
#ifndef INTERPOSE_MARKS_H
#define INTERPOSE_MARKS_H

#include "interpose/base/raw.h"

#include <stdbool.h>
#include <stdint.h>

enum {
	MARKS_CELL = 8,          /* bytes that are remembered together, aligned, */
	MARKS_ACCESSES = 4,      /* of so many accesses, four bytes each */
	MARKS_MOST = 1024,       /* bytes of a block that are looked at */
	MARKS_RENEWED = 1 << 16, /* bytes of a block that begin with no accesses, at most */
};
#define MARKS_MARK 0x40000000u /* a read of no bytes by no thread, as the first access */

extern HIDDEN bool marks_live; /* ThreadSanitizer does mark memory so */

static inline uint32_t *marks_shadow(uint64_t address)
{
	uint64_t cell = address & ~(0x700000000000ull | (MARKS_CELL - 1));
	return (uint32_t *)(cell * MARKS_ACCESSES * 4 / MARKS_CELL + 0x100000000000ull);
}

/* Before the start: is memory marked as written above? At the address there was a race. */
HIDDEN void marks_try(uint64_t raced);

/* There was a race at the address: called while no other thread can call it. */
HIDDEN void marks_note(uint64_t address);

/* Takes away the marks at the addresses that were noted last. Thread-safe for one caller. */
HIDDEN void marks_forget(void);

/* What was in the memory has ended. Thread-safe; no lock, no call. */
static inline void marks_end(uint64_t from, uint64_t bytes)
{
	if (UNLIKELY(!marks_live))
		return;
	uint32_t *shadow = marks_shadow(from);
	uint32_t *end = marks_shadow(from + (bytes < MARKS_MOST ? bytes : MARKS_MOST) + 7);
	for (; shadow < end; shadow += MARKS_ACCESSES)
		if (UNLIKELY(__atomic_load_n(shadow, __ATOMIC_RELAXED) == MARKS_MARK))
			__atomic_store_n(shadow, 0, __ATOMIC_RELAXED);
}

/*
 * The calling thread makes what others get, who do nothing now: all that was done before happened
 * before what they will do.
 */
extern HIDDEN __thread bool marks_making __attribute__((tls_model("initial-exec")));

/* While marks_making: the memory is new, and ThreadSanitizer knows of no access to it. */
HIDDEN void marks_renew(uint64_t from, uint64_t bytes);

#endif
