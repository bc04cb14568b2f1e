/*
 * quiet.h - while the zygote imports, alone, the interpreter's accesses are not told to ThreadSanitizer.
 *
 * What a process does before it has a second thread comes before all that this thread does: nothing of it
 * can race, so that telling it is lost time. It is most of the time of an import (of NumPy and pytest, with
 * what its tests need: 5.4 s of the processor, 2.0 s where the interpreter is quiet).
 *
 * Told as ever: where functions begin and end, so that the stacks are right; compare-and-exchange and
 * exchange, by which locks are taken and given back, so that what is held is right; all that is not in
 * libpython.
 */
#ifndef INTERPOSE_QUIET_H
#define INTERPOSE_QUIET_H

#include "interpose/base/raw.h"

/* Before a fork: all is told, in both processes, until the driver asks for it again. */
HIDDEN void quiet_pause(void);

/* The process gets a second thread: it is over for ever. */
HIDDEN void quiet_end(void);

#endif
