/*
 * fences.h - what atomic_thread_fence() means, which TSan knows nothing of.
 *
 *     x.fetch_sub(1, release)          after an acquire fence the thread is ordered after whoever
 *     fence(acquire)                   released the words that it read before, relaxed
 *
 *     fence(release)                   a relaxed store after a release fence releases what the
 *     flag.store(1, relaxed)           thread did before the fence
 *
 * C++'s intrusive pointers and Rust's triomphe end an object's life in the first way; without it
 * their correct counts are reported. Of the words read, the last WORDS are remembered; of the stores
 * after a release fence, the next STORES release, and they release what came between, too. Both are
 * as little as common code needs: what is ordered too much hides races.
 *
 * The interpreter's own fences are not looked at (order_table.h says what its operations mean).
 * Nothing is done in a process without a module that was instrumented and has fences.
 */
#ifndef INTERPOSE_FENCES_H
#define INTERPOSE_FENCES_H

#include "interpose/base/raw.h"

#include <stdbool.h>
#include <stdint.h>

struct dl_phdr_info;

/* Some module other than the interpreter has fences. */
extern HIDDEN bool fences_watched;

HIDDEN void fences_resolve(void);

/* A module is mapped: does it have fences? */
HIDDEN void fences_look_at(const struct dl_phdr_info *info, uintptr_t low, uintptr_t high);

/* An atomic read of the word at `pc`, told in this order. */
HIDDEN void fences_note_read(const volatile void *word, int order, const void *pc);
/* An atomic write; returns in which order it is to be told. */
HIDDEN int fences_order_of_write(int order, const void *pc);

static inline void fences_read(const volatile void *word, int order, const void *pc)
{
	if (UNLIKELY(fences_watched))
		fences_note_read(word, order, pc);
}

static inline int fences_write(int order, const void *pc)
{
	return UNLIKELY(fences_watched) ? fences_order_of_write(order, pc) : order;
}

/* Both. */
static inline int fences_change(const volatile void *word, int order, const void *pc)
{
	fences_read(word, order, pc);
	return fences_write(order, pc);
}

#endif
