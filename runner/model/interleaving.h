/*
 * interleaving.h - what two threads did, one step after the other, drawn in two columns:
 *
 *     one thread                  another thread
 *     counter.py:14  reads
 *         counter.value += 1
 *                                 counter.py:14  writes
 *                                     counter.value += 1
 *     counter.py:14  writes
 *         counter.value += 1
 */
#ifndef RUNNER_INTERLEAVING_H
#define RUNNER_INTERLEAVING_H

#include <stddef.h>

struct interleaving_step {
	const char *file;   /* or NULL */
	const char *does;   /* "reads" */
	const char *source; /* text of the line, without blanks around it, or NULL */
	int line;           /* 0 = not known */
	unsigned side;      /* 0 or 1 */
};

/* To be freed. */
char *interleaving_draw(const struct interleaving_step *steps, size_t count);

#endif
