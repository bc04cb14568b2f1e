/*
 * pairs.h - calls of two threads on one object, pair after pair; see pairs.c. Thread-safe as told
 * there: M's functions by one thread, each side's by one.
 */
#ifndef INTERPOSE_PAIRS_H
#define INTERPOSE_PAIRS_H

#include "interpose/base/raw.h"

#include <stdbool.h>
#include <stdint.h>

/* Number of the pair whose calls are made now; 0 = none. */
extern HIDDEN uint32_t pairs_now;

/* Set by variables.c: the same edges for what Python code does to variables. */
extern HIDDEN void (*pairs_order)(const void *address, bool releases);

EXPORT bool ftstress_pair_run(uint32_t first);
EXPORT bool ftstress_pair_wait(void);
EXPORT bool ftstress_pair_next(uint32_t side);
EXPORT void ftstress_pair_end(void);

#endif
