/*
 * dicts.h - keys of dicts: that one is missing is a read of it, that it is added or taken away is a write.
 *
 *     if key not in made:       the interpreter looks it up, and finds nothing
 *         made[key] = make()    it looks it up again, and the dict gets larger
 *
 * Which key that is shows no place of the interpreter's code (sites.h), so its lookups are asked.
 */
#ifndef INTERPOSE_DICTS_H
#define INTERPOSE_DICTS_H

#include "interpose/base/raw.h"
#include "interpose/variables/fibers.h"

#include <stdbool.h>
#include <stdint.h>

struct link_map;

/*
 * A dict gets other memory for its keys, which is shared from now on. Where the value of its only
 * entry is; 0: it has none, or several.
 *
 * The first entry of an empty dict is written before other threads can see it. (When a dict gets larger,
 * its entries are copied, and what was written last may be what the memory was before.)
 */
HIDDEN uintptr_t dicts_first_value(uintptr_t dict, uintptr_t keys);
/* That entry was written now. */
HIDDEN void dicts_note_first(const struct call *call, uintptr_t dict, uintptr_t keys);

/* The dict is about to get larger or smaller by a key. */
HIDDEN void dicts_note_changed(const struct call *call, uintptr_t dict, bool grows);

/* It gets smaller, by a key that the thread has found in it before. */
HIDDEN bool dicts_takes_found(const struct call *call, uintptr_t dict);

/* Has the frame's instruction looked up, to store something, the entry of a dict that lies at `address`? */
HIDDEN bool dicts_stores_at(const void *frame, uintptr_t address);
/* What the instruction of the frame has found in a dict when it was about to store; 0: nothing, or not known. */
HIDDEN uint64_t dicts_found(const void *frame);

/* variables.c: setdefault() has found a key, whose value is not the thread's own. */
HIDDEN void variables_note_found(uintptr_t value);

/* False: this Python does not call its own functions through its PLT. Attached, once at start. */
HIDDEN bool dicts_start(const struct link_map *python);
HIDDEN void dicts_stop(const struct link_map *python);

#endif
