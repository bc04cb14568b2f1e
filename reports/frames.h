/*
 * frames.h - stacks as JSON: in place as the report's schema has them, or each once, by number.
 *
 * The same frames come up again and again: how a thread was started, what calls a test. In a page of
 * hundreds of findings they were nine tenths.
 *
 *     in place    "frames": [{"function": "f", ...}, {"function": "g", ...}]
 *     by number   "frames": 7                "stacks": [..., [3, 9], ...]   the 7th
 *                                            "frames": [..., {"function": "f", ...}, ...]   the 3rd
 */
#ifndef REPORTS_FRAMES_H
#define REPORTS_FRAMES_H

#include <stdbool.h>
#include <jansson.h>

#include "ftstress/finding.h"

struct frames;

struct frames *frames_new(bool by_number);
void frames_free(struct frames *frames);

/* The stack, or its number. Sources are read meanwhile. */
json_t *frames_stack(struct frames *frames, const struct stack *stack);

/* Of numbered ones: all frames, and all stacks as numbers of frames, both as text of a JSON array. */
const char *frames_all(struct frames *frames);
const char *frames_stacks(struct frames *frames);

#endif
