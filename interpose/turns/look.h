/*
 * look.h - what another thread of this process does, seen without stopping it. For turns.c, which
 * asks it of the thread that has the turn.
 */
#ifndef INTERPOSE_TURNS_LOOK_H
#define INTERPOSE_TURNS_LOOK_H

#include "interpose/base/concern.h"
#include "interpose/base/raw.h"

/* Nanoseconds of processor time that the thread has used. */
HIDDEN uint64_t look_computed(uint32_t tid);
/*
 * Does it sleep, so that a signal would wake it? In a wait that nothing can interrupt (state D) it
 * does not: it is busy with a file. *switches: how often it gave up its processor by itself, and 1.
 */
HIDDEN bool look_asleep(uint32_t tid, uint64_t *switches);

#endif
