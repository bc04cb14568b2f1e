/*
 * closest.h - which name did the user mean?
 */
#ifndef RUNNER_CLOSEST_H
#define RUNNER_CLOSEST_H

#include <stddef.h>

/* Edits (insert, delete, replace, swap of neighbours) that make `a` of `b`; at most 64 bytes of
 * each are looked at (optimal string alignment distance). */
size_t edit_distance(const char *a, const char *b);

/* Keeps the best of the names offered so far; zero-initialise. */
struct closest {
	const char *name; /* borrowed; NULL = none is close enough */
	size_t distance;
};
/* A name is close enough if a third of the letters of `wanted` (at least one) may differ. */
void closest_offer(struct closest *closest, const char *wanted, const char *name);

/* "; did you mean \"NAME\"?" or "", to be freed. */
char *closest_hint(const struct closest *closest);

#endif
