/*
 * renewed.h - Python's memory that is handed out, by the allocators and from lists of objects that are
 * free, is told to granules.h.
 */
#ifndef INTERPOSE_RENEWED_H
#define INTERPOSE_RENEWED_H

#include "interpose/base/raw.h"

#include <stdbool.h>

struct link_map;

/* `python`: the library whose calls are looked at. False: it does not call its own through its PLT. */
HIDDEN bool renewed_start(const struct link_map *python);
/* From now on nothing of it is told that the allocator does not see. */
HIDDEN void renewed_stop(const struct link_map *python);

#endif
