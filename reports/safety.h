/*
 * safety.h - which operations of a type two threads may call at once, as a text that a maintainer
 * puts into the package's documentation. Its terms are those of CPython's own
 * (docs.python.org/3/library/threadsafety.html).
 *
 *     Thread safety for m.Box objects
 *       Safe on shared objects      get, len              clean with every operation
 *       Need synchronization        add    add, pop       race with those beside them
 *                                   pop    add, pop, len
 *       Not exercised               copy                  nothing is known
 */
#ifndef REPORTS_SAFETY_H
#define REPORTS_SAFETY_H

#include <stdbool.h>
#include <stdio.h>

#include "ftstress/finding.h"
#include "runner/base/util.h"

/* How a kind of markup writes what the text is made of. */
struct markup {
	const char *bold, *code; /* on both sides of a word */
	bool pipes;              /* a "|" ends a cell where there is no "\\" before it */
	void (*heading)(struct buf *out, const char *text, unsigned level);
	void (*table)(struct buf *out, const char *left, const char *right);
	void (*row)(struct buf *out, const char *left, const char *right);
};

/* Writes the text and flushes `out`. Returns 0 or an errno value. */
int safety_write(FILE *out, const struct report_input *input, const struct markup *markup);

#endif
