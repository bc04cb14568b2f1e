/*
 * contended.h - objects whose counts many threads write.
 *
 * Each thread that is not an object's owner counts its references in one word, which all of them share: the
 * processor's cache line goes from one to the next, and what the threads do with the object takes longer
 * the more they are. A list, a constant of an extension, a bound method that all use: that is no fault, but
 * why a program does not scale without the GIL.
 *
 * Looked at is each fourth change of such a word by a thread, but not where threads take turns. What is counted is how often another thread
 * changed it than the one before ("handed over"). The table has a place for each hash of an address: an
 * object that is changed often stays there, as one that comes by takes a point off it first.
 */
#ifndef INTERPOSE_CONTENDED_H
#define INTERPOSE_CONTENDED_H

#include "interpose/base/raw.h"

#include <stdbool.h>
#include <stdint.h>

/* A test runs, and its threads overlap: where they take turns, turns.c sets it to false. */
extern HIDDEN bool contended_on;

HIDDEN void contended_count(uint64_t object, uintptr_t place);

/* Code that returns to `place` changes the word that others than the owner count in. */
static inline void contended_note(uint64_t object, uintptr_t place)
{
	if (UNLIKELY(contended_on))
		contended_count(object, place);
}

/* A test begins, or is over: then what was seen is emitted. For the one thread. */
HIDDEN void contended_test(bool runs);

#endif
