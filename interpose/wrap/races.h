/*
 * races.h - ThreadSanitizer's reports; see races.c.
 */
#ifndef INTERPOSE_RACES_H
#define INTERPOSE_RACES_H

#include "interpose/base/raw.h"

/* Before a test's number is taken back: emits the reports that were not understood at first. */
HIDDEN void races_test_ends(void);

#endif
