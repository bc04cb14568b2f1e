/*
 * wholes.h - what is taken out of a container in one piece, and dropped there.
 *
 *     batch = self.lines[:]          or lines.copy(), list(lines), dict(x), for line in lines
 *     self.lines.clear()             or del lines[:], lines[:] = []
 *
 * What another thread adds in between is dropped, and in no copy. Of a slice that is copied and deleted,
 * `head = jobs[:10]`, `del jobs[:10]`, what another thread takes makes it wrong. Each call is whole, and
 * shows no place of its own in the interpreter's code (sites.h), so the types' functions are asked.
 */
#ifndef INTERPOSE_WHOLES_H
#define INTERPOSE_WHOLES_H

#include "interpose/base/raw.h"
#include "interpose/variables/accesses.h"

#include <stdbool.h>
#include <stdint.h>

struct link_map;

/* The dict of which the thread calls setdefault(), till it has looked the key up. */
extern HIDDEN __thread const void *wholes_default __attribute__((tls_model("initial-exec")));

/* Of a bytearray, if the key is a slice: of its whole, if that is CUT, it is EMPTIED. */
HIDDEN void wholes_slice(uintptr_t size, const void *key, enum whole what);

/* False: this Python's lists look different. Attached, once at start. */
HIDDEN bool wholes_start(const struct link_map *python);

#endif
