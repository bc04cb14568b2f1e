/*
 * arena.h - the reader's side of the shared rings (include/ftstress/arena.h). Each zygote has one
 * arena.
 *
 * A bug in the program under test may write into the arena. So the runner trusts nothing that it
 * reads there: a ring whose positions or lengths make no sense is emptied, and counts as lost.
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
	uint64_t control; /* control records (not bulk) among these, for certain or perhaps */
};

struct arena {
	int fd; /* memfd, close-on-exec */
	struct fts_arena *shared;
	uint8_t *copy; /* of a ring's data, so that nobody can change what is being read */
	/*
	 * What arena_drain() and arena_limits() have returned so far: for each ring, then for
	 * records that got into no ring; and for each limit.
	 */
	struct arena_lost told[FTS_RING_COUNT + 1];
	uint64_t limits[FTS_LIMIT_COUNT];
};

/* Gets whole records of one ring, in order, without FTS_REC_PAD. They are gone after the call. */
typedef void arena_take(void *arg, const uint8_t *records, size_t length);

/* Returns 0, or EXIT_INTERNAL after a message to the user. */
int arena_open(struct arena *arena);
void arena_close(struct arena *arena);

/*
 * Takes all records out of the rings, one ring after the other. Returns what was lost since the
 * last call.
 */
struct arena_lost arena_drain(struct arena *arena, arena_take *take, void *arg);

/* How often each limit of libftstress.so was met since the last call. False: none was. */
bool arena_limits(struct arena *arena, uint64_t counts[FTS_LIMIT_COUNT]);

/*
 * Frees the rings of threads that are gone, and their memory. Only while no iteration runs, and
 * after arena_drain().
 */
void arena_recycle(struct arena *arena);

#endif
