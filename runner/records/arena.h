/*
 * arena.h - the reader's side of include/ftstress/arena.h: one arena for each zygote.
 *
 * The processes under test can scribble over it. So nothing read from it is trusted: a ring whose
 * positions or lengths make no sense is emptied, and what it held is counted as lost.
 */
#ifndef RUNNER_ARENA_H
#define RUNNER_ARENA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ftstress/arena.h"

/* Records that were not written, or not read because the ring held nonsense. */
struct arena_lost {
	uint64_t records; /* of all types */
	uint64_t
		control; /* of these, or perhaps of these: not bulk, see include/ftstress/arena.h */
};

struct arena {
	int fd; /* memfd, close-on-exec */
	struct fts_arena *shared;
	uint8_t *copy; /* of a ring's data: what is read can't change any more */
	struct arena_lost told[FTS_RING_COUNT + 1]; /* of each ring so far; the last: of no ring */
	uint64_t limits[FTS_LIMIT_COUNT];           /* as told so far */
};

/* Whole records, no FTS_REC_PAD, in the order of one ring. They are gone after the call. */
typedef void arena_take(void *arg, const uint8_t *records, size_t length);

/* Returns 0 or EXIT_INTERNAL, having told the user. */
int arena_open(struct arena *arena);
void arena_close(struct arena *arena);

/* Takes what is there, ring after ring. Returns what was lost since the last call. */
struct arena_lost arena_drain(struct arena *arena, arena_take *take, void *arg);

/* How often each limit of the library was met since the last call; false: none was. */
bool arena_limits(struct arena *arena, uint64_t counts[FTS_LIMIT_COUNT]);

/*
 * Makes the rings of threads that are gone free again and gives their memory back. Only while no
 * iteration runs, and after arena_drain.
 */
void arena_recycle(struct arena *arena);

#endif
