/*
 * ring.h - the writer's side of include/ftstress/arena.h.
 *
 * Thread-safe, async-signal-safe. 6 to 10 ns a record.
 */
#ifndef INTERPOSE_RING_H
#define INTERPOSE_RING_H

#include "ftstress/arena.h"
#include "ftstress/record.h"
#include "interpose/base/raw.h"

#include <stdbool.h>

/* Map the arena named by the environment. False, and *why, if there is none or it does not fit. */
bool ring_init(const char **why);

/* NULL before ring_init or without a runner. */
struct fts_arena *ring_arena(void);

/* A piece of a record, so that a caller need not put the parts together first. */
struct ring_part {
	const void *bytes;
	uint32_t length;
};

/*
 * Write one record from its parts, padded to 8 bytes. False if it was dropped: it is counted, and
 * told in the stream. Only bulk records (fts_is_bulk) are dropped at once; others wait for room,
 * for a minute at most, without an order that ThreadSanitizer sees.
 */
bool ring_write(uint32_t type, const struct ring_part *parts, unsigned count);

/* Bytes that the calling thread's ring can take now; 0 = it has none yet, or no runner listens. */
uint32_t ring_room(void);

/* What is at hand is used up: counted for the run's notes. */
HIDDEN void ring_limit(enum fts_limit limit);

/* Stamp records from now on with this test: an index in the slice, or FTS_NO_TEST. */
void ring_set_test(uint32_t index);

/* In the child after fork: its one thread must not write into the parent's ring. */
void ring_forked(void);

#endif
