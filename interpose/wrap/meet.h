/*
 * meet.h - lets two threads meet where a reference is replaced, so that what a race there threatens
 * happens.
 *
 *     thread 1                           thread 2
 *       old = self->seq                    old = self->seq
 *       stops before the write    ◄──►     comes to the same write
 *       self->seq = NULL                   self->seq = NULL
 *       drops old                          drops old: nobody has that reference any more
 *
 * Nearly always one thread is through before the other comes, and a race is all that is seen. So from a
 * race's report on, a thread that is about to write there, over a pointer to an object, waits a little for
 * another one that is about to write to the same address. What comes of it the counts tell (counts.h).
 *
 * The place is kept in memory that all iterations of a zygote share: in the process that has found it the
 * test is mostly over. Waiting is no order for ThreadSanitizer, and short: see the limits in meet.c.
 */
#ifndef INTERPOSE_MEET_H
#define INTERPOSE_MEET_H

#include "interpose/base/raw.h"

#include <stdint.h>

/* A race was reported on eight bytes that the code at `pc`, of C, writes plainly. Thread-safe. */
HIDDEN void meet_add(uint64_t pc);

/* A test begins: what another iteration has found is tried in this one. */
HIDDEN void meet_begin(void);

#endif
