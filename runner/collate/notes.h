/*
 * notes.h - what the run has to say beside its findings, each once. Not thread-safe.
 */
#ifndef RUNNER_NOTES_H
#define RUNNER_NOTES_H

#include <stddef.h>

struct notes {
	char **items;
	size_t count, capacity;
};

/* Adds a copy, unless it is there. */
void notes_add(struct notes *notes, const char *text);

/*
 * Makes one of three or more that say the same of their first word: "a does not declare ..." of 25 modules
 * is "a (and 24 more) does not declare ...".
 */
void notes_fold(struct notes *notes);

void notes_clear(struct notes *notes);

#endif
