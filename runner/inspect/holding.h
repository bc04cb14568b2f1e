/*
 * holding.h - all that a Python frame of a stopped process has in hand, as a number: where it is, its variables
 * and the values on its stack, the fields of these objects, and of the objects in these fields.
 *
 *     frame ─► variable ─► object's fields ─► fields of the objects in these
 *                            int 7, list of 3    ... and no further
 *
 * Reference counts, locks and owners of objects are not part of it.
 */
#ifndef RUNNER_HOLDING_H
#define RUNNER_HOLDING_H

#include <stdint.h>

#include "runner/inspect/pyframes.h"

/*
 * Mixes what the frame has in hand into *number; `near`: also the global variables of its module. Returns the
 * address of its code object.
 */
uint64_t holding_frame(struct remote *remote, const struct python *python, uint64_t frame,
		       bool near, uint64_t *number);

/*
 * The objects that the frame has in hand: its variables, the values on its stack, the attributes of these and the items of
 * lists, and the global variables that its code names. Fills at most `most`, and returns how many these are.
 */
size_t holding_objects(struct remote *remote, const struct python *python, uint64_t frame,
		       uint64_t *objects, size_t most);

#endif
