/*
 * repeats.h - what repeats in a report: each frame and each stack once, by number, each line of source
 * once.
 *
 * The same frames come up again and again: how a thread was started, what calls a test. In a report of
 * hundreds of findings they were nine tenths.
 *
 *     a thread's    "frames": 7
 *     the report's  "stacks":  [..., [3, 9], ...]                        the 7th
 *                   "frames":  [..., {"function": "f", ...}, ...]        the 3rd
 *                   "sources": {"/src/f.c": {"12": "\treturn x;", ...}}
 */
#ifndef REPORTS_REPEATS_H
#define REPORTS_REPEATS_H

#include <jansson.h>

#include "ftstress/finding.h"

struct repeats;

struct repeats *repeats_new(void);
void repeats_free(struct repeats *repeats);

/* The stack's number. The lines around its frames are read meanwhile. */
json_t *repeats_stack(struct repeats *repeats, const struct stack *stack);

/* All frames, and all stacks as numbers of frames, both as text of a JSON array. */
const char *repeats_frames(struct repeats *repeats);
const char *repeats_stacks(struct repeats *repeats);
/* By file the lines by their numbers. The tables'. */
json_t *repeats_sources(struct repeats *repeats);

#endif
