/*
 * sections.h - critical sections of the interpreter whose reads and writes TSan is not told of, so
 * that their locks need not order threads (order_table.h says which, and why they need not).
 *
 *                what it does                  taking the lock   inside     giving it back
 *     UNTOLD     touches a list or a table of  nothing           not told   nothing
 *     QUEUE      the interpreter's own         nothing           not told   releases
 *     READS...   only reads, or nearly         acquires          not told   releases if the word
 *                                                                           looked at has changed
 *
 * What READS... is about: two threads that look a key up in one dict, and do no more with it.
 *
 *     thread A                       lock of the dict          thread B
 *
 *     x = 1
 *     takes it       ◄── acquires    what writers released
 *       reads (1)
 *     gives it back  ─── (2) ────►
 *                                        acquires ──►          takes it
 *                                                                reads (1)
 *                                                              gives it back
 *                                                              x = 2: a race with x = 1
 *
 *     (2) As written it releases: B knows of x = 1, and the race is hidden. But no thread can find
 *         out that a reader has been there; so the reader has nothing to tell, and tells nothing.
 *     (1) Then a writer that takes the lock next is not ordered after these reads, and its writes
 *         would be reported as races with them. The lock keeps them apart, so they are not told.
 *
 * A thread is in one section at a time; one within another is part of it. Python code that is
 * entered in a section (to compare keys) is anybody's: it ends the section and is told.
 */
#ifndef INTERPOSE_SECTIONS_H
#define INTERPOSE_SECTIONS_H

#include "interpose/order/order.h"
#include "interpose/python/layout.h"
#include "interpose/base/raw.h"

/* The lock of the section that this thread is in, or NULL. */
extern HIDDEN __thread volatile uint8_t *sections_untold __attribute__((tls_model("initial-exec")));

HIDDEN void sections_resolve(void);

/* In a section: what the lock's holders did is known, after all. */
HIDDEN void sections_acquire(void);

HIDDEN void sections_tell_again(void);

static inline void sections_python_begins(void)
{
	if (UNLIKELY(sections_untold))
		sections_tell_again();
}

/* UNTOLD, QUEUE: the lock is about to be taken (`to` 1) or given back; returns in which order. */
HIDDEN int sections_order(volatile uint8_t *word, uint8_t to, enum place place);

/* READS...: the lock has been taken; it is about to be given back, returns in which order. */
HIDDEN void sections_reading_begins(volatile uint8_t *word, enum place place);
HIDDEN int sections_reading_ends(const volatile uint8_t *word, enum place place);

static inline const void *type_of(const volatile void *object)
{
	return *(const void *const volatile *)((const volatile char *)object + OBJECT_TYPE);
}

/* May this be the lock of a section that only reads? The eval loop may lock cells to do so. */
static inline bool sections_reads(enum place place, const volatile uint8_t *word)
{
	return (place >= PLACE_READS && place <= PLACE_READS_HASH) ||
	       (place == PLACE_LOOP && order_cells && ((uintptr_t)word & 15) == OBJECT_MUTEX &&
		type_of(word - OBJECT_MUTEX) == order_cells);
}

#endif
