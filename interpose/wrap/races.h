/*
 * races.h - ThreadSanitizer's reports; see races.c.
 */
#ifndef INTERPOSE_RACES_H
#define INTERPOSE_RACES_H

#include "interpose/base/raw.h"

#include <stdint.h>

/* Before a test's number is taken back: emits the reports that were not understood at first. */
HIDDEN void races_test_ends(void);

/* Address of a word at which ThreadSanitizer has seen a race, if it has seen any: ours, at start. */
HIDDEN uint64_t races_raced(void);

#endif
