/*
 * footprint.h - what a call touches, so that of two calls it can be told that they touch nothing in
 * common that one of them changes. Such a pair need not be made: N calls say so of N² pairs.
 *
 *     M  o = make()     what is made is the object's:  block 0, block 1, ...
 *     M  arguments      what is made is the call's own
 *     S  call           ThreadSanitizer's history of the thread says what it reads and writes:
 *                         in a block of the object's    how one gets to it from the object, and the
 *                                                       offset in it: the same in each run
 *                         in what the call itself made  left out
 *                         elsewhere                     the address
 *
 * A footprint is made of three runs, each on an object of its own: twice on one thread and once on the
 * other one. What the first thread's memory is, the other one does not touch. So two calls are apart if
 * the first one's footprint there and the second one's here have nothing in common that one of them
 * writes. The three must agree on what of the object they touch. And if the two on one thread write
 * at different addresses, the object has memory that was not seen being made (of a pool, say): then,
 * too, nothing is known.
 *
 * Not counted are headers of the object's blocks (type, reference counts, lock), mimalloc's own
 * data, and what both only use atomically outside of the object.
 *
 * Called by the driver (stress/ftstress_driver/pairs/footprints.py), in a process that does nothing else.
 * M is the main thread; one thread runs at a time.
 *
 * The idea: Narada (Samak, Ramanathan, Jagannathan:
 * Synthesizing Racy Tests, PLDI 2015) finds from sequential runs which pairs of methods can race.
 */
#ifndef INTERPOSE_FOOTPRINT_H
#define INTERPOSE_FOOTPRINT_H

#include "interpose/base/raw.h"

#include <stdbool.h>
#include <stdint.h>

enum { FOOTPRINT_RUNS = 3, FOOTPRINT_OPERATIONS = 1024 };

enum footprint_making {
	FOOTPRINT_NOTHING,
	FOOTPRINT_OBJECT,
	FOOTPRINT_ANOTHER, /* of the same type, that the call gets as argument */
	FOOTPRINT_ARGUMENTS,
};

/* M, attached, once in the process. False: ThreadSanitizer's history, or the heap, is not known. */
EXPORT bool ftstress_footprint_start(void);

/* M, attached: what this thread makes from here on is the object's. */
EXPORT void ftstress_footprint_begin(void);

/*
 * M, attached: this is the object, or the other one of its type; what is made from here on, until the
 * call begins, is `next`.
 */
EXPORT void ftstress_footprint_made(const void *object, uint32_t next);

/* M: the next call of the side is this run, 0 to 2, of the operation. */
EXPORT void ftstress_footprint_expect(uint32_t operation, uint32_t run, uint32_t side);

/* M: after all three runs. Is the operation's footprint known? */
EXPORT bool ftstress_footprint_known(uint32_t operation);

/* M: do the two touch nothing in common that one of them changes? Both are known. */
EXPORT bool ftstress_footprint_apart(uint32_t one, uint32_t two);

/*
 * M: how many granules of eight bytes a run touched; 0: it is not known. *entries: for each 24 bytes: its
 * address, or, with bit 58 set, block and offset; the program counter of an access; which bytes were
 * read, read atomically, written, written atomically.
 */
EXPORT uint32_t ftstress_footprint_entries(uint32_t operation, uint32_t run, const void **entries);

/* M, when all that the call needs is made: for pairs.c. */
HIDDEN void footprint_all_made(void);

/* The side, when its call begins and when it is over: for pairs.c. */
HIDDEN void footprint_begins(uint32_t side);
HIDDEN void footprint_ends(uint32_t side);

#endif
