/*
 * uses.h - what is looked at, and then used, by one call, while another thread takes it away in between.
 *
 *     if key in sessions:                 if self.link is not None:              if scores:
 *         return sessions[key]                self.link.send(text)                   return scores[0]
 *
 * The one that takes away deletes the key, stores None, or takes an item out. Where what is raised then is
 * caught, nothing is wrong.
 */
#ifndef INTERPOSE_USES_H
#define INTERPOSE_USES_H

#include "interpose/base/raw.h"
#include "interpose/variables/orders.h"
#include "interpose/variables/patterns.h"

#include <stdbool.h>

/*
 * Two reads of one variable, the second is about to be made; it still goes by the first. They are of one call, or
 * of two that a third one has made (across.h).
 */
HIDDEN void uses_note(const struct access *check, const struct access *use);
/* A read of how many items a container has, or of one of them: goes that by the other? */
HIDDEN void uses_note_item(const struct access *read);
/* Each write, before it is made: does it take away? */
HIDDEN void uses_note_write(const struct access *write);

/* What the check at the one program counter had found was gone at the other one, with a lock given back in between. */
HIDDEN void uses_failed(uint64_t check, uint64_t use, const struct order *order);

/* Is what the access reads None? */
HIDDEN bool uses_nothing(const struct access *access);

/*
 * Is one side of the race, which loses nothing by itself, such a read, and the other one a write that takes
 * away? Then that side's `other` is its other read, and of the use `uses` is set.
 */
HIDDEN bool uses_judge(struct pattern_side sides[2]);

HIDDEN void uses_start(void);

#endif
