/*
 * aside.h - a thread that has stopped between its read and its write (confirm.h) lets the others come.
 *
 * In turns it passes the turn on; where threads overlap it waits for a moment. It waits in vain only so long
 * in a process, and so often in a test, as a test must come to its end.
 */
#ifndef INTERPOSE_ASIDE_H
#define INTERPOSE_ASIDE_H

#include "interpose/base/raw.h"

#include <stdbool.h>

/* Has it been waited in vain so much that nobody is to stop any more? */
HIDDEN bool aside_is_enough(void);

/* Till `is_stopped` is false, all others have had their turn, or it takes long. False: there are no others. */
HIDDEN bool aside_let_others_come(bool (*is_stopped)(void));

/* Wakes who waits, of whom `is_stopped` is false by now. */
HIDDEN void aside_ring(void);

HIDDEN void aside_test_ends(void);

#endif
