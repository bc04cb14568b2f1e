/*
 * told.h - an access to a Python variable, told to ThreadSanitizer; and what is said of it when that
 * reports a race, see variables.h.
 */
#ifndef INTERPOSE_TOLD_H
#define INTERPOSE_TOLD_H

#include "interpose/base/raw.h"
#include "interpose/variables/patterns.h"

#include <stdbool.h>

/* Had the variable that many races that this access need not be told? */
HIDDEN bool told_enough(const struct access *access);
/* On the Python fiber. */
HIDDEN void told_access(const struct access *access);
/* That another thread has written to the variable, since this one has read it: confirm.h. Both writes. */
HIDDEN void told_between(const struct access *access);
/* The same, of a write that raised an exception instead. On the thread's own fiber. */
HIDDEN void told_failed(const struct access *access);

#endif
