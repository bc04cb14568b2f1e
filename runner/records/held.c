/* held.c - see held.h. */
#include "runner/records/held.h"

#include <string.h>

#define KEPT (1u << 20) /* a buffer of more bytes than these is freed when it is empty */

bool held_full(const struct held *held)
{
	return held->chunks.length >= HELD_MAX;
}

void held_add(struct held *held, const uint8_t *records, size_t length)
{
	uint64_t size = length; /* 8 bytes, so that the records behind it stay aligned */
	buf_add(&held->chunks, &size, sizeof size);
	buf_add(&held->chunks, records, length);
}

struct arena_lost held_take(struct held *held, arena_take *take, void *arg)
{
	while (held->chunks.length) {
		struct buf chunks = held->chunks;
		held->chunks = (struct buf){ 0 };
		for (size_t at = 0; at < chunks.length;) {
			uint64_t size;
			memcpy(&size, chunks.data + at, sizeof size);
			at += sizeof size;
			take(arg, (const uint8_t *)chunks.data + at, (size_t)size);
			at += (size_t)size;
		}
		if (held->chunks.length || chunks.capacity > KEPT) {
			buf_free(&chunks);
		} else {
			buf_free(&held->chunks);
			buf_clear(&chunks);
			held->chunks = chunks;
		}
	}
	struct arena_lost lost = held->lost;
	held->lost = (struct arena_lost){ 0, 0 };
	return lost;
}

void held_free(struct held *held)
{
	buf_free(&held->chunks);
	held->lost = (struct arena_lost){ 0, 0 };
}
