/*
 * stacks.h - stacks by content, the same in all processes of a run.
 *
 *     positions ─► number: a stack seen before costs a look-up
 *       number ─► site and score, made once, on the stack's first use; frames, made anew each time
 *
 * Not thread-safe.
 */
#ifndef RUNNER_STACKS_H
#define RUNNER_STACKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ftstress/finding.h"
#include "runner/model/fingerprint.h"
#include "runner/symbols/symbolize.h"

enum { STACK_FRAMES_COUNTED = 48 }; /* deeper ones make no better example */

struct shared_stack {
	const position *positions; /* valid until the next stack is added */
	size_t count;
	uint32_t score;   /* how good an example it is */
	const char *site; /* see fingerprint.h */
	bool base;        /* it is the interpreter's: site_is_base() */
};

struct stacks;

/* `symbolizer` and `roots` (what is cut off file names in sites) are borrowed. */
struct stacks *stacks_new(struct symbolizer *symbolizer, const struct roots *roots);
void stacks_free(struct stacks *stacks);

/* The number of a stack, innermost position first. */
uint32_t stacks_add(struct stacks *stacks, const position *positions, size_t count);
size_t stacks_count(const struct stacks *stacks);
/* Symbolizes all from number `first` on, in one batch: cheaper than one by one. */
void stacks_resolve(struct stacks *stacks, uint32_t first);

/* The stack as it is known by now: site may be NULL, and score 0. */
struct shared_stack stacks_get(const struct stacks *stacks, uint32_t number);
/* The same with site and score. */
struct shared_stack stacks_judge(struct stacks *stacks, uint32_t number);
/* Its frames; `out` is overwritten. */
void stacks_frames(struct stacks *stacks, uint32_t number, struct stack *out);

/* The frames of positions that are no stack of ours; `out` is overwritten. */
void frames_of(struct symbolizer *symbolizer, const position *positions, size_t count,
	       struct stack *out);

#endif
