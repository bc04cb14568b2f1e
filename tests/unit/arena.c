/* arena.c - the reader of the rings: all records once, in order, and no trust in what it reads. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ftstress/record.h"
#include "runner/records/arena.h"
#include "runner/trial/output.h"
#include "runner/base/util.h"

/* Last: it defines a macro of the name of util.h's fail(). */
#include <cmocka.h>

/* What was taken: the numbers that the records carry in `nanoseconds`. */
struct taken {
	uint64_t numbers[4096];
	size_t count;
};

static void take(void *arg, const uint8_t *records, size_t length)
{
	struct taken *taken = arg;
	for (size_t at = 0; at < length;) {
		struct fts_record header;
		memcpy(&header, records + at, sizeof header);
		assert_int_not_equal(header.type, FTS_REC_PAD);
		assert_in_range(taken->count, 0, 4095);
		taken->numbers[taken->count++] = header.nanoseconds;
		at += header.length;
	}
}

static int open_one(void **state)
{
	struct arena *arena = xcalloc(1, sizeof *arena);
	*state = arena;
	return arena_open(arena);
}

static int close_one(void **state)
{
	arena_close(*state);
	free(*state);
	return 0;
}

/* As interpose/base/ring.c writes. */
static bool put(struct fts_ring *ring, uint64_t number, uint32_t length)
{
	uint64_t to_end = FTS_RING_BYTES - (ring->head & (FTS_RING_BYTES - 1));
	uint64_t skip = to_end < length ? to_end : 0;
	if (ring->head - ring->tail + skip + length > FTS_RING_BYTES) {
		ring->lost++;
		return false;
	}
	if (skip) {
		struct fts_record pad = { .length = (uint32_t)skip, .type = FTS_REC_PAD };
		memcpy(ring->data + (ring->head & (FTS_RING_BYTES - 1)), &pad,
		       skip < sizeof pad ? skip : sizeof pad);
		ring->head += skip;
	}
	struct fts_record record = { .length = length,
				     .type = FTS_REC_NOTE,
				     .nanoseconds = number };
	memcpy(ring->data + (ring->head & (FTS_RING_BYTES - 1)), &record, sizeof record);
	ring->head += length;
	return true;
}

static void every_record_is_taken_once_and_in_order_over_the_end_of_the_ring(void **state)
{
	struct arena *arena = *state;
	struct fts_ring *ring = &arena->shared->ring[3];
	uint64_t number = 0, expected = 0;
	for (int round = 0; round < 40; round++) {
		for (int i = 0; i < 300; i++)
			assert_true(put(ring, number++, 40 + 8 * (uint32_t)(i % 97)));
		struct taken taken = { 0 };
		assert_int_equal(arena_drain(arena, take, &taken), 0);
		for (size_t i = 0; i < taken.count; i++)
			assert_int_equal(taken.numbers[i], expected++);
	}
	assert_int_equal(expected, number);
}

static void what_a_full_ring_dropped_is_told_once(void **state)
{
	struct arena *arena = *state;
	struct fts_ring *ring = &arena->shared->ring[0];
	uint64_t dropped = 0;
	for (uint64_t i = 0; i < 6000; i++)
		dropped += !put(ring, i, 128);
	assert_int_equal(dropped, 6000 - FTS_RING_BYTES / 128);
	struct taken taken = { 0 };
	assert_int_equal(arena_drain(arena, take, &taken), dropped);
	assert_int_equal(arena_drain(arena, take, &taken), 0);
	assert_int_equal(taken.count, FTS_RING_BYTES / 128);
}

static void nonsense_empties_the_ring_and_is_counted(void **state)
{
	struct arena *arena = *state;
	static const uint32_t lengths[] = { 0, 1, 4, 7, 12, 33, FTS_RECORD_MAX + 8, UINT32_MAX };
	for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
		struct fts_ring *ring = &arena->shared->ring[i];
		put(ring, 1, 64);
		put(ring, 2, 64);
		memcpy(ring->data + 64, &lengths[i], sizeof lengths[i]);
		struct taken taken = { 0 };
		assert_int_equal(arena_drain(arena, take, &taken), 1);
		assert_in_range(taken.count, 0, 1);
		assert_int_equal(ring->head, ring->tail);
	}
}

static void positions_that_make_no_sense_are_not_followed(void **state)
{
	struct arena *arena = *state;
	static const uint64_t heads[] = { UINT64_MAX, FTS_RING_BYTES * 2, 12, 4 };
	for (size_t i = 0; i < sizeof heads / sizeof *heads; i++) {
		struct fts_ring *ring = &arena->shared->ring[i];
		ring->head = heads[i];
		ring->tail = i == 3 ? 400 : 0;
		struct taken taken = { 0 };
		assert_int_equal(arena_drain(arena, take, &taken), 1);
		assert_int_equal(taken.count, 0);
		assert_int_equal(arena_drain(arena, take, &taken), 0);
	}
}

static void rings_of_the_dead_are_freed_and_those_of_the_living_kept(void **state)
{
	struct arena *arena = *state;
	struct fts_ring *mine = &arena->shared->ring[0], *dead = &arena->shared->ring[1];
	mine->owner = (uint32_t)gettid();
	dead->owner = INT32_MAX; /* no pid is that high */
	put(mine, 1, 64);
	put(dead, 2, 64);
	struct taken taken = { 0 };
	arena_drain(arena, take, &taken);
	arena_recycle(arena);
	assert_int_equal(mine->owner, gettid());
	assert_int_equal(mine->head, 64);
	assert_int_equal(dead->owner, 0);
	assert_int_equal(dead->head, 0);
}

static void output_keeps_its_beginning_and_its_end(void **state)
{
	(void)state;
	struct output output = { 0 };
	char line[32];
	for (int i = 0; i < 100000; i++) {
		int length = snprintf(line, sizeof line, "line %d\n", i);
		output_add(&output, line, (size_t)length);
	}
	char *text = output_text(&output);
	assert_memory_equal(text, "line 0\nline 1\n", 14);
	assert_non_null(strstr(text, "bytes left out"));
	assert_string_equal(text + strlen(text) - 11, "line 99999\n");
	assert_in_range(strlen(text), OUTPUT_HEAD + OUTPUT_TAIL, OUTPUT_HEAD + OUTPUT_TAIL + 100);
	free(text);
	text = output_last_lines(&output, 2);
	assert_string_equal(text, "line 99998\nline 99999");
	free(text);
	output_clear(&output);
	output_add(&output, "a\0b", 3);
	text = output_text(&output);
	assert_string_equal(text, "a b");
	free(text);
	output_free(&output);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			every_record_is_taken_once_and_in_order_over_the_end_of_the_ring, open_one,
			close_one),
		cmocka_unit_test_setup_teardown(what_a_full_ring_dropped_is_told_once, open_one,
						close_one),
		cmocka_unit_test_setup_teardown(nonsense_empties_the_ring_and_is_counted, open_one,
						close_one),
		cmocka_unit_test_setup_teardown(positions_that_make_no_sense_are_not_followed,
						open_one, close_one),
		cmocka_unit_test_setup_teardown(
			rings_of_the_dead_are_freed_and_those_of_the_living_kept, open_one,
			close_one),
		cmocka_unit_test(output_keeps_its_beginning_and_its_end),
	};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
