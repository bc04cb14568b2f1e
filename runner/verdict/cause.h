/*
 * cause.h - what came before a crash: a race, or a wrong count, of the very memory that it crashed on.
 *
 *     0.0 s  data-race-1  reads and resizes an array.array at 0x7e..40, its data at 0x7f..00
 *     0.2 s  SIGSEGV      address 0x7f..10, free by now, in array_item(); rdi = 0x7e..40
 *                         └─► in the data of the array.array on which data-race-1 was reported
 *
 * A wrong cause sends somebody the wrong way. So a race of the same process is the cause only if
 *
 * - the address is in the object, the data or the block that it was on, and what is there now is the
 *   same, or free, or gone; or
 * - a check of CPython's own failed on that object; or
 * - a register points to that, and the crash is in a function that is a side of the race; or
 * - the crash is in the allocator, or a thread is caught in there, and the race is on memory that was
 *   freed or moved while another thread used it. That corrupts the heap.
 *
 * An address in a free block without such a race is told as that, and so is the end of a stack.
 *
 * Of a process that hangs, or computes for ever, it is a race on an object that a thread has in hand where it waits or
 * goes round, in a function that is a side of the race:
 *
 *     0.0 s  data-race-1   two threads in Ring.put(), on a pkg.Ring at 0x7e..40
 *     9.0 s  no progress   Thread-2 waits for ever in Ring.put(), called by work(); work() has the pkg.Ring at 0x7e..40
 */
#ifndef RUNNER_CAUSE_H
#define RUNNER_CAUSE_H

#include <stddef.h>

#include "runner/collate/collate.h"
#include "runner/inspect/unwind.h"
#include "runner/trial/trial.h"

/*
 * Sets `because` of the finding, a crash of the trial's process or a heap that is corrupted, and
 * `cause`, if it is one of the races; leaves them alone if nothing is known.
 */
void cause_tell(const struct trial *trial, const struct race_place *races, size_t count,
		struct finding *finding);

/* The same for a process that hung or computed for ever, with what its threads were caught at. */
void cause_tell_hang(const struct trial *trial, const struct capture *capture,
		     const struct race_place *races, size_t count, struct finding *finding);

#endif
