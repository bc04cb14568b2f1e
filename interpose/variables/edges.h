/*
 * edges.h - what orders Python code: the methods of locks, of SimpleQueue and of the import lock;
 * the events by which a thread's end is waited for; imports. All else of threading, queue,
 * concurrent.futures is made of these.
 */
#ifndef INTERPOSE_EDGES_H
#define INTERPOSE_EDGES_H

#include "interpose/base/raw.h"

#include <stdbool.h>

struct link_map;

/* Takes their place. False, and *why: some can't be seen. Attached, once at start. */
HIDDEN bool edges_start(const struct link_map *python, const char **why);

#endif
