/*
 * containers.h - items of containers that no place of the interpreter's code shows as such: what is in a
 * set, and the items of a bytearray, a memoryview, an array, a NumPy array. Their types' functions tell.
 *
 *     if key not in seen:       is the key in the set? a read
 *         seen.add(key)         it is now: a write, if the set gets larger by it
 *     data[0] += 1              a read and a write of item 0
 *
 * A key is known by its hash: asked for before, or seen when the set asks Python code for it; an item by
 * one index, or by several in a tuple; a slice is its first items. That it makes a bytearray shorter is told
 * as that (wholes.h).
 */
#ifndef INTERPOSE_CONTAINERS_H
#define INTERPOSE_CONTAINERS_H

#include "interpose/base/raw.h"
#include "interpose/variables/fibers.h"

#include <stdbool.h>
#include <stdint.h>

struct link_map;

/* Takes the place of these functions. False: they look different. Attached, once at start. */
HIDDEN bool containers_start(const struct link_map *python);

/* Modules have been imported: their types are looked at, too. Attached. */
HIDDEN void containers_imported(void);

/* By what a key is known: its hash, but for -1, which has that of -2. */
HIDDEN uint64_t containers_key(const void *key, int64_t hash);

/* The key that this instruction of the call adds to the set, or takes away; false: it is not known. */
HIDDEN bool containers_changed_key(const struct call *call, uintptr_t set, uint64_t *hash);

#endif
