/*
 * arena.c - the rings: the writer of the interposer (interpose/base/ring.c, the real one) against the
 * reader of the runner. All records once, in order, none of control is lost, and no trust in what
 * is read.
 */
#include "interpose/base/raw.h"

/* The writer's clock: it goes on by itself only where a test wants it to. */
static uint64_t clock_now, clock_step;
static uint64_t hooked_now(void)
{
	return clock_now += clock_step;
}
#define raw_now hooked_now
#include "interpose/base/ring.c"
#undef raw_now

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "runner/records/arena.h"
#include "runner/trial/output.h"
#include "runner/base/util.h"

/* Last: it defines a macro of the name of util.h's fail(). */
#include <cmocka.h>

enum { BULK = FTS_REC_REPORT, CONTROL = FTS_REC_NOTE };

/* What was taken: the numbers that the records carry, and what is missing between them. */
struct taken {
	const struct fts_arena *shared; /* NULL = not asked */
	uint64_t numbers[40000];
	size_t count;
	struct fts_lost gap; /* the last */
	size_t gap_before;   /* records taken before it */
	size_t gaps;
};

static struct taken taken;

static void take_one(struct taken *to, const struct fts_record *header, const uint8_t *payload)
{
	if (header->type == FTS_REC_LOST) {
		memcpy(&to->gap, payload, sizeof to->gap);
		to->gap_before = to->count;
		to->gaps++;
		return;
	}
	assert_in_range(to->count, 0, sizeof to->numbers / sizeof *to->numbers - 1);
	memcpy(&to->numbers[to->count++], payload, sizeof to->numbers[0]);
}

static void take_records(void *arg, const uint8_t *records, size_t length)
{
	struct taken *to = arg;
	if (to->shared)
		assert_false(records >= (const uint8_t *)to->shared &&
			     records < (const uint8_t *)(to->shared + 1));
	for (size_t at = 0; at < length;) {
		struct fts_record header;
		memcpy(&header, records + at, sizeof header);
		assert_int_not_equal(header.type, FTS_REC_PAD);
		take_one(to, &header, records + at + sizeof header);
		at += header.length;
	}
}

static int open_one(void **state)
{
	struct arena *opened = xcalloc(1, sizeof *opened);
	*state = opened;
	int code = arena_open(opened);
	arena = opened->shared; /* the writer's */
	ring_forked();
	unread = 0;
	clock_now = 1000000000;
	clock_step = 0;
	taken = (struct taken){ 0 };
	return code;
}

static int close_one(void **state)
{
	arena = NULL;
	arena_close(*state);
	free(*state);
	return 0;
}

/* A record of `length` bytes with the number in it. */
static bool put(uint32_t type, uint64_t number, uint32_t length)
{
	static const uint8_t rest[FTS_RECORD_MAX];
	const struct ring_part parts[] = {
		{ &number, sizeof number },
		{ rest, length - (uint32_t)(sizeof(struct fts_record) + sizeof number) },
	};
	return ring_write(type, parts, 2);
}

/* The ring that this thread writes to. */
static struct fts_ring *own_ring(void)
{
	assert_non_null(writer.ring);
	return writer.ring;
}

static void every_record_is_taken_once_and_in_order_over_the_end_of_the_ring(void **state)
{
	uint64_t number = 0, expected = 0;
	for (int round = 0; round < 40; round++) {
		for (int i = 0; i < 300; i++)
			assert_true(put(BULK, number++, 40 + 8 * (uint32_t)(i % 97)));
		taken = (struct taken){ 0 };
		assert_int_equal(arena_drain(*state, take_records, &taken).records, 0);
		for (size_t i = 0; i < taken.count; i++)
			assert_int_equal(taken.numbers[i], expected++);
	}
	assert_int_equal(expected, number);
}

static void what_a_full_ring_dropped_is_told_once_and_at_its_place(void **state)
{
	uint64_t dropped = 0;
	size_t fit = (FTS_RING_BYTES - FTS_RING_RESERVE) / 128;
	for (uint64_t i = 0; i < 6000; i++)
		dropped += !put(BULK, i, 128);
	assert_int_equal(dropped, 6000 - fit);
	struct arena_lost lost = arena_drain(*state, take_records, &taken);
	assert_int_equal(lost.records, dropped);
	assert_int_equal(lost.control, 0);
	assert_int_equal(arena_drain(*state, take_records, &taken).records, 0);
	assert_int_equal(taken.count, fit);
	assert_int_equal(taken.gaps, 0); /* nothing fitted since */
	assert_true(put(BULK, 7000, 128));
	assert_true(put(BULK, 7001, 128));
	assert_int_equal(arena_drain(*state, take_records, &taken).records, 0);
	assert_int_equal(taken.count, fit + 2);
	assert_int_equal(taken.gaps, 1);
	assert_int_equal(taken.gap_before, fit);
	assert_int_equal(taken.gap.count, dropped);
	assert_int_equal(taken.gap.types, 1u << BULK);
}

static void what_controls_the_run_has_room_where_bulk_has_none(void **state)
{
	size_t bulk = 0;
	while (put(BULK, bulk, 4096))
		bulk++;
	for (uint64_t i = 0; i < 100; i++)
		assert_true(put(CONTROL, 100000 + i, 64));
	struct arena_lost lost = arena_drain(*state, take_records, &taken);
	assert_int_equal(lost.control, 0);
	assert_int_equal(taken.count, bulk + 100);
	assert_int_equal(taken.gap_before, bulk);
}

struct reader {
	struct arena *arena;
	uint32_t ended;
	uint64_t lost;
};

static void *read_all(void *arg)
{
	struct reader *reader = arg;
	bool ended;
	do {
		ended = __atomic_load_n(&reader->ended, __ATOMIC_ACQUIRE);
		reader->lost += arena_drain(reader->arena, take_records, &taken).records;
	} while (!ended);
	return NULL;
}

static void what_controls_the_run_waits_for_the_reader(void **state)
{
	struct reader reader = { .arena = *state };
	pthread_t thread;
	uint64_t count = 0;
	/* Full before the reader begins. */
	for (; count < FTS_RING_BYTES / 128; count++)
		assert_true(put(CONTROL, count, 128));
	pthread_create(&thread, NULL, read_all, &reader);
	for (; count < 20000; count++)
		assert_true(put(CONTROL, count, 128));
	__atomic_store_n(&reader.ended, 1, __ATOMIC_RELEASE);
	pthread_join(thread, NULL);
	assert_int_equal(reader.lost, 0);
	assert_int_equal(taken.count, count);
	for (uint64_t i = 0; i < count; i++)
		assert_int_equal(taken.numbers[i], i);
}

static void a_reader_that_never_comes_is_waited_for_once(void **state)
{
	for (unsigned i = 0; i < FTS_RING_BYTES / 4096; i++)
		assert_true(put(CONTROL, 1, 4096));
	clock_step = PATIENCE_NANOSECONDS / 4;
	uint64_t before = clock_now;
	assert_false(put(CONTROL, 2, 4096));
	assert_true(clock_now - before >= PATIENCE_NANOSECONDS);
	before = clock_now;
	assert_false(put(CONTROL, 3, 4096));
	assert_true(clock_now - before < PATIENCE_NANOSECONDS);
	struct arena_lost lost = arena_drain(*state, take_records, &taken);
	assert_int_equal(lost.records, 2);
	assert_int_equal(lost.control, 2);
	assert_true(put(CONTROL, 4, 4096));
	arena_drain(*state, take_records, &taken);
	assert_int_equal(taken.gap.types, 1u << CONTROL);
	assert_int_equal(unread, 0);
}

/* All rings but the shared one belong to a process that lives. */
static void occupy_all(void)
{
	for (unsigned i = 0; i < FTS_RING_SHARED; i++)
		arena->ring[i].owner = (uint32_t)getppid();
}

static void threads_without_a_ring_share_one(void **state)
{
	uint64_t limits[FTS_LIMIT_COUNT];
	occupy_all();
	for (uint64_t i = 0; i < 100; i++)
		assert_true(put(i % 2 ? BULK : CONTROL, i, 128));
	assert_int_equal(arena_drain(*state, take_records, &taken).records, 0);
	assert_int_equal(taken.count, 100);
	assert_int_equal(arena->ring[FTS_RING_SHARED].owner, 0);
	assert_true(arena_limits(*state, limits));
	/* The clock stands still: a ring is looked for once, not for each record. */
	assert_int_equal(limits[FTS_LIMIT_RINGS], 1);
	assert_false(arena_limits(*state, limits));
	arena->ring[17].owner = 0;
	clock_now += CLAIM_NANOSECONDS;
	assert_true(put(BULK, 100, 128));
	assert_ptr_equal(own_ring(), &arena->ring[17]);
}

static void bulk_without_a_ring_is_counted_when_the_shared_one_is_full(void **state)
{
	uint64_t dropped = 0;
	occupy_all();
	for (uint64_t i = 0; i < 3000; i++)
		dropped += !put(BULK, i, 128);
	assert_true(dropped > 0);
	assert_int_equal(arena_drain(*state, take_records, &taken).records, dropped);
	assert_true(put(BULK, 0, 128));
	arena_drain(*state, take_records, &taken);
	assert_int_equal(taken.gap.count, dropped);
}

static void the_shared_ring_is_taken_over_from_the_dead(void **state)
{
	occupy_all();
	arena->ring[FTS_RING_SHARED].owner = INT32_MAX; /* no pid is that high */
	assert_true(put(BULK, 1, 128));
	assert_int_equal(arena_drain(*state, take_records, &taken).records, 0);
	assert_int_equal(taken.count, 1);
}

static void a_signal_handler_in_the_middle_of_a_write_loses_nothing(void **state)
{
	assert_true(put(BULK, 1, 128));
	writer.busy = true;
	assert_true(put(BULK, 2, 128));
	assert_true(put(CONTROL, 3, 128));
	assert_true(writer.busy);
	writer.busy = false;
	assert_true(put(BULK, 4, 128));
	assert_int_equal(arena_drain(*state, take_records, &taken).records, 0);
	assert_int_equal(taken.count, 4);
}

static void a_write_that_would_wait_for_itself_is_counted(void **state)
{
	assert_true(put(BULK, 1, 128));
	writer.busy = writer.borrows = true;
	assert_false(put(CONTROL, 2, 128));
	assert_false(put(BULK, 3, 128));
	writer.busy = writer.borrows = false;
	struct arena_lost lost = arena_drain(*state, take_records, &taken);
	assert_int_equal(lost.records, 2);
	assert_int_equal(lost.control, 1);
	assert_int_equal(arena_drain(*state, take_records, &taken).records, 0);
}

static void what_is_taken_lies_where_the_worker_cannot_write(void **state)
{
	taken.shared = arena;
	for (uint64_t i = 0; i < 300; i++) {
		put(BULK, i, 1024);
		if (i % 100 == 99)
			arena_drain(*state, take_records, &taken);
	}
	assert_int_equal(taken.count, 300);
}

static void nonsense_empties_the_ring_and_is_counted(void **state)
{
	static const uint32_t lengths[] = { 0, 1, 4, 7, 12, 33, FTS_RECORD_MAX + 8, UINT32_MAX };
	for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
		ring_forked(); /* the next ring */
		put(BULK, 1, 64);
		put(BULK, 2, 64);
		struct fts_ring *ring = own_ring();
		memcpy(ring->data + 64, &lengths[i], sizeof lengths[i]);
		taken = (struct taken){ 0 };
		struct arena_lost lost = arena_drain(*state, take_records, &taken);
		assert_int_equal(lost.records, 1);
		assert_int_equal(lost.control, 1); /* nobody knows what it was */
		assert_in_range(taken.count, 0, 1);
		assert_int_equal(ring->head, ring->tail);
		ring->owner = (uint32_t)getppid();
	}
}

static void positions_that_make_no_sense_are_not_followed(void **state)
{
	static const uint64_t heads[] = { UINT64_MAX, FTS_RING_BYTES * 2, 12, 4 };
	for (size_t i = 0; i < sizeof heads / sizeof *heads; i++) {
		struct fts_ring *ring = &arena->ring[i];
		ring->head = heads[i];
		ring->tail = i == 3 ? 400 : 0;
		assert_int_equal(arena_drain(*state, take_records, &taken).records, 1);
		assert_int_equal(taken.count, 0);
		assert_int_equal(arena_drain(*state, take_records, &taken).records, 0);
	}
}

static void rings_of_the_dead_are_freed_and_those_of_the_living_kept(void **state)
{
	assert_true(put(BULK, 1, 64));
	struct fts_ring *mine = own_ring();
	ring_forked();
	mine->owner = (uint32_t)getppid();
	assert_true(put(BULK, 2, 64));
	struct fts_ring *dead = own_ring();
	dead->owner = INT32_MAX; /* no pid is that high */
	arena_drain(*state, take_records, &taken);
	arena_recycle(*state);
	assert_int_equal(mine->owner, getppid());
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

#define RING_TEST(name) cmocka_unit_test_setup_teardown(name, open_one, close_one)

int main(void)
{
	const struct CMUnitTest tests[] = {
		RING_TEST(every_record_is_taken_once_and_in_order_over_the_end_of_the_ring),
		RING_TEST(what_a_full_ring_dropped_is_told_once_and_at_its_place),
		RING_TEST(what_controls_the_run_has_room_where_bulk_has_none),
		RING_TEST(what_controls_the_run_waits_for_the_reader),
		RING_TEST(a_reader_that_never_comes_is_waited_for_once),
		RING_TEST(threads_without_a_ring_share_one),
		RING_TEST(bulk_without_a_ring_is_counted_when_the_shared_one_is_full),
		RING_TEST(the_shared_ring_is_taken_over_from_the_dead),
		RING_TEST(a_signal_handler_in_the_middle_of_a_write_loses_nothing),
		RING_TEST(a_write_that_would_wait_for_itself_is_counted),
		RING_TEST(what_is_taken_lies_where_the_worker_cannot_write),
		RING_TEST(nonsense_empties_the_ring_and_is_counted),
		RING_TEST(positions_that_make_no_sense_are_not_followed),
		RING_TEST(rings_of_the_dead_are_freed_and_those_of_the_living_kept),
		cmocka_unit_test(output_keeps_its_beginning_and_its_end),
	};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
