/*
 * places.h - what the addresses of a crash point to: the one that faulted, and each register.
 *
 *     si_addr ─► a block of Python's heap, free or not ─► its object's type
 *             └► where the memory of the thread's stack ends: it has overflown
 *     rax ... ─► the same, for what only had a pointer to the memory that is gone
 *
 * A check of CPython's own that fails (_PyObject_AssertFailed(): a count below 0, an object that the
 * collector finds in disorder; most of them are in debug builds alone) names its object: that is the first.
 */
#ifndef INTERPOSE_PLACES_H
#define INTERPOSE_PLACES_H

#include "ftstress/record.h"

/*
 * Fills in what is known, and returns how many that are. Async-signal-safe; reads through the
 * kernel, some 20 system calls an address.
 */
unsigned places_find(const struct fts_crash *crash,
		     struct fts_crash_place places[FTS_CRASH_PLACES]);

#endif
