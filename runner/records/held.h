/*
 * held.h - records that were taken out of the rings, and wait until the collator has time for them.
 *
 *     rings ──► held_add, at any time ──► chunk · chunk · chunk ──► held_take, from the loop alone
 *
 * A chunk is what arena_drain() hands over in one call: whole records of one ring, in order.
 */
#ifndef RUNNER_HELD_H
#define RUNNER_HELD_H

#include <stdbool.h>

#include "runner/base/util.h"
#include "runner/records/arena.h"

#define HELD_MAX (64u << 20) /* with more bytes than these nothing is taken: the rings fill up */

/* To be zeroed before the first use. */
struct held {
	struct buf chunks;
	struct arena_lost lost; /* since the last held_take() */
};

/* True: take no more records out of the rings. */
bool held_full(const struct held *held);
void held_add(struct held *held, const uint8_t *records, size_t length);

/*
 * Hands all chunks to `take`, in order, also those that are added meanwhile. Returns what was lost.
 */
struct arena_lost held_take(struct held *held, arena_take *take, void *arg);

void held_free(struct held *held);

#endif
