/*
 * fences.h - what atomic_thread_fence() means. TSan itself ignores fences.
 *
 *     x.fetch_sub(1, release)          An acquire fence: the thread is now ordered after every
 *     fence(acquire)                   thread that released a word which it has read, relaxed.
 *
 *     fence(release)                   A release fence: a relaxed store that follows releases what
 *     flag.store(1, relaxed)           the thread did before the fence.
 *
 * C++'s intrusive pointers and Rust's triomphe end an object's life in the first way. If fences had
 * no meaning, TSan would report their reference counts, although they are correct.
 *
 * For acquire fences, each thread remembers the last WORDS words that it has read. After a release
 * fence, its next STORES stores release; they also release what the thread did between the fence
 * and the store. Both numbers are as small as common code allows, because an order that the program
 * does not have hides races.
 *
 * The interpreter's own fences are left out: order_table.h says what its operations mean. And in a
 * process where no other instrumented module has fences, all of this is off.
 */
#ifndef INTERPOSE_FENCES_H
#define INTERPOSE_FENCES_H

#include "interpose/base/raw.h"

#include <stdbool.h>
#include <stdint.h>

struct dl_phdr_info;

/* True once a module other than the interpreter has fences. */
extern HIDDEN bool fences_watched;

/* Look TSan's functions up. */
HIDDEN void fences_resolve(void);

/* To be called with each module that is mapped, at low..high: does it have fences? */
HIDDEN void fences_look_at(const struct dl_phdr_info *info, uintptr_t low, uintptr_t high);

/* The code at `pc` reads the word with this order. */
HIDDEN void fences_note_read(const volatile void *word, int order, const void *pc);
/* The code at `pc` writes a word with this order. Returns the order that TSan is to be given. */
HIDDEN int fences_order_of_write(int order, const void *pc);

/* The same two, but free of charge while no module has fences. */
static inline void fences_read(const volatile void *word, int order, const void *pc)
{
	if (UNLIKELY(fences_watched))
		fences_note_read(word, order, pc);
}

static inline int fences_write(int order, const void *pc)
{
	return UNLIKELY(fences_watched) ? fences_order_of_write(order, pc) : order;
}

/* A read-modify-write is both. */
static inline int fences_change(const volatile void *word, int order, const void *pc)
{
	fences_read(word, order, pc);
	return fences_write(order, pc);
}

#endif
