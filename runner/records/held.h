/*
 * held.h - records that were taken out of the rings and wait until the collator has time for them.
 *
 *     rings ──► held_add, at any time ──► chunk · chunk · chunk ──► held_take, from the loop alone
 *
 * A chunk is what arena_drain gave in one call: whole records in the order of one ring.
 */
#ifndef RUNNER_HELD_H
#define RUNNER_HELD_H

#include <stdbool.h>

#include "runner/base/util.h"
#include "runner/records/arena.h"

#define HELD_MAX (64u << 20) /* bytes from which on the rings are left to fill up */

/* Zero-initialise. */
struct held {
	struct buf chunks;
	struct arena_lost lost; /* since the last held_take */
};

bool held_full(const struct held *held);
void held_add(struct held *held, const uint8_t *records, size_t length);

/*
 * Gives `take` all chunks, in order, also those that come while it works; returns what was lost.
 */
struct arena_lost held_take(struct held *held, arena_take *take, void *arg);

void held_free(struct held *held);

#endif
