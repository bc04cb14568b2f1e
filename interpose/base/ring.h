/*
 * ring.h - the writer's side of the shared rings; include/ftstress/arena.h describes them.
 *
 * Thread-safe, async-signal-safe. A record takes 6 to 10 ns.
 */
#ifndef INTERPOSE_RING_H
#define INTERPOSE_RING_H

#include "ftstress/arena.h"
#include "ftstress/record.h"
#include "interpose/base/raw.h"

#include <stdbool.h>

/*
 * Map the arena that the environment names. False if there is none or it is of another version;
 * *why then says so.
 */
bool ring_init(const char **why);

/* NULL before ring_init(), or if the process was not started by a runner. */
struct fts_arena *ring_arena(void);

/* A piece of a record, so that a caller need not put the parts together first. */
struct ring_part {
	const void *bytes;
	uint32_t length;
};

/*
 * Write one record from its parts, padded to 8 bytes. False if it was dropped; that is counted, and
 * a LOST record stands in its place. Only bulk records (fts_is_bulk) are dropped at once. For any
 * other one the caller waits for room, at most a minute. ThreadSanitizer sees no order by that.
 */
bool ring_write(uint32_t type, const struct ring_part *parts, unsigned count);

/*
 * How many bytes the calling thread's ring has room for; 0 = it has no ring, or there is no runner.
 */
uint32_t ring_room(void);

/* Count that this limit was met; the run's notes say so. */
HIDDEN void ring_limit(enum fts_limit limit);

/* Stamp records from now on with this test: an index in the slice, or FTS_NO_TEST. */
void ring_set_test(uint32_t index);

/* To be called in the child of a fork: its one thread must not write into the parent's ring. */
void ring_forked(void);

#endif
