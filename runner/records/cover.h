/*
 * cover.h - which C functions of the packages ran, and in which threads: what the arenas of all
 * zygotes say (fts_cover in include/ftstress/arena.h), added up. Not thread-safe.
 */
#ifndef RUNNER_COVER_H
#define RUNNER_COVER_H

#include <stddef.h>
#include <stdint.h>

#include "ftstress/arena.h"
#include "ftstress/finding.h"

struct cover {
	struct cover_module {
		char *path;
		uint32_t count;
		uint8_t *reached; /* of each function, FTS_COVER_* */
	} *modules;
	size_t count, capacity;
	uint64_t objects_shared;
};

/* Adds what an arena says. What makes no sense is left out: a test may have written there. */
void cover_take(struct cover *cover, const struct fts_arena *arena);

/* How many functions there are of each kind: by the most that is known of one. */
void cover_count(const struct cover *cover, uint64_t counts[COVER_KINDS]);

void cover_clear(struct cover *cover);

#endif
