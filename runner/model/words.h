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

/* The function at `at`, without its arguments, cut to WORDS_NAME_MAX; of the site. To be freed. */
char *words_name(const struct stack *stack, size_t at);
char *words_function(const struct stack *stack);
/* " (numpy/random/_mt19937.pyx:186)", the line of the site, or nothing. */
void words_add_location(struct buf *out, const struct stack *stack, const struct roots *roots);
/* "BEFORE in f (x.c:12)" of the first thread; "BEFORE" without a stack. */
void words_add_single(struct buf *out, const char *before, const struct finding *finding,
		      const struct roots *roots);
/* "a" or "an", before a name. */
const char *words_article(const char *name);
/* The first two threads, a writer before a reader; false if there are fewer. */
bool words_two_sides(const struct finding *finding, const struct participant **first,
		     const struct participant **second);

#endif
