/*
 * races.h - ThreadSanitizer's reports; see races.c.
 */
#ifndef INTERPOSE_RACES_H
#define INTERPOSE_RACES_H

#include "interpose/base/raw.h"

/* Before a test's number is taken back: emits the reports that were not understood at first. */
HIDDEN void races_test_ends(void);

/*
 * The process dies of a signal: emits what is understood of them by now, unless a thread is in the middle
 * of a report for longer than 20 ms. Async-signal-safe.
 */
HIDDEN void races_crash(void);

#endif
