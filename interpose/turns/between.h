/*
 * between.h - which locks ordered the two calls of a pair, and were about something else.
 *
 * Two calls on one object may both take a lock that has nothing to do with it: the lock of all types, the
 * lock of a set that copy() looks a class up in. What the first call did before it gave such a lock back, is
 * ordered before what the second one does after it took it, and a race of the two is not told.
 *
 *     first  ── access ── takes, gives back L ─┐
 *     second                                   └─► takes, gives back L ── access      hidden
 *
 *     second ── takes, gives back L ── access      the other order of the same pair: the access of
 *     first  ── access ── ...                      `first` comes before it takes L: it is told
 *
 * So one such section in each call hides nothing, as both orders are tried. It takes two in each, with a
 * moment between them at which the call holds no lock; then the pair is *ordered* by that lock.
 *
 * A lock is about something else if it is the interpreter's own, in its static memory, or that of an object
 * which was there before the pairs began: the driver freezes those (gc.freeze()). Only PyMutex, as the
 * interpreter's functions take it, and only while orders are told as meant (order.h).
 */
#ifndef INTERPOSE_BETWEEN_H
#define INTERPOSE_BETWEEN_H

#include "interpose/base/raw.h"

#include <stdbool.h>
#include <stdint.h>

struct between;

/* What the calling thread's call does is noted here; NULL: it is none of a pair's. */
extern HIDDEN __thread struct between *between_call __attribute__((tls_model("initial-exec")));

/* Where the lock of all types stands, once it is known; NULL: it is told as any of the interpreter's. */
extern HIDDEN const volatile uint8_t *const *between_types;

/* The main thread, before the calls of a pair begin. */
HIDDEN void between_forget(void);

/* The side's call begins, and is over. */
HIDDEN void between_begins(uint32_t side);
HIDDEN void between_ends(void);

/* The lock is taken, or given back; `orders`: and acquires, or releases. */
HIDDEN void between_note(const volatile uint8_t *lock, bool takes, bool orders);

/*
 * The main thread, attached, while all that the last pair used still lives: what ordered its two calls so
 * that a race can be hidden whoever comes first, in words, "the lock of all types"; NULL: nothing. Valid
 * until the next call.
 */
EXPORT const char *ftstress_pair_ordered(void);

#endif
