/*
 * stacks.h - gives each different stack a number, the same for all processes of a run.
 *
 *     positions ─► number     one look-up for a stack that was seen before
 *     number ─► site, score   made once, at the first use
 *     number ─► frames        made anew each time
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

enum { STACK_FRAMES_COUNTED = 48 }; /* more frames than these make no better example */

struct shared_stack {
	const position *positions; /* valid until the next stack is added */
	size_t count;
	uint32_t score;   /* how good an example of a finding it makes */
	const char *site; /* fingerprint.h */
	bool base;        /* the site is the interpreter's: site_is_base() */
};

struct stacks;

/* `symbolizer` has to live longer; `roots`: what is cut off file names in sites. */
struct stacks *stacks_new(struct symbolizer *symbolizer, const struct roots *roots);
void stacks_free(struct stacks *stacks);

/* The number of a stack, innermost position first. */
uint32_t stacks_add(struct stacks *stacks, const position *positions, size_t count);
size_t stacks_count(const struct stacks *stacks);
/* Symbolizes all stacks from number `first` on, in one batch, which is cheaper than one by one. */
void stacks_resolve(struct stacks *stacks, uint32_t first);

/* A stack as far as it is known: before stacks_judge(), site is NULL and score 0. */
struct shared_stack stacks_get(const struct stacks *stacks, uint32_t number);
/* A stack with site and score. */
struct shared_stack stacks_judge(struct stacks *stacks, uint32_t number);
/* Its frames; `out` is overwritten. */
void stacks_frames(struct stacks *stacks, uint32_t number, struct stack *out);

/* The frames of any positions; `out` is overwritten. */
void frames_of(struct symbolizer *symbolizer, const position *positions, size_t count,
	       struct stack *out);

#endif
