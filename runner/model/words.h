/*
 * words.h - pieces that the titles and explanations of several kinds are made of.
 */
#ifndef RUNNER_WORDS_H
#define RUNNER_WORDS_H

#include <stdbool.h>
#include <stddef.h>

#include "ftstress/finding.h"
#include "runner/base/util.h"
#include "runner/model/fingerprint.h"

enum { WORDS_NAME_MAX = 70 }; /* bytes of a name in a title */

/* The name of the function at `at`, without its arguments, cut to WORDS_NAME_MAX. To be freed. */
char *words_name(const struct stack *stack, size_t at);
/* The same for the site. */
char *words_function(const struct stack *stack);
/* Adds " (numpy/random/_mt19937.pyx:186)", the line of the site; nothing if that is not known. */
void words_add_location(struct buf *out, const struct stack *stack, const struct roots *roots);
/* The same, the line of a frame. */
void words_add_frame(struct buf *out, const struct frame *frame, const struct roots *roots);
/* Adds "BEFORE in f (x.c:12)", the site of the first thread; "BEFORE" if there is no stack. */
void words_add_single(struct buf *out, const char *before, const struct finding *finding,
		      const struct roots *roots);
/* Adds "a list object", "the data of an array.array object", or "memory". */
void words_add_object(struct buf *out, const struct subject *subject);
/* Adds ", at app.py:12 in drop", the innermost line of Python; nothing if that is the frame `told`. */
void words_add_line(struct buf *out, const struct stack *stack, size_t told,
		    const struct roots *roots);
/* "a" or "an", before a name. */
const char *words_article(const char *name);
/* The two sides of a race. If only one of them writes, it comes first. False: there are fewer. */
bool words_two_sides(const struct finding *finding, const struct participant **first,
		     const struct participant **second);

#endif
