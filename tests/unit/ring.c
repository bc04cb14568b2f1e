/* ring.c - what the interposer writes is what the runner reads, to the byte. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "interpose/base/ring.c"
#include "runner/collate/collate.h"
#include "runner/records/arena.h"
#include "runner/base/util.h"

/* Last: it defines a macro of the name of util.h's fail(). */
#include <cmocka.h>

static void feed(void *arg, const uint8_t *records, size_t length)
{
	struct iteration_context context = { .zygote = 1 };
	collator_feed(arg, &context, records, length);
}

/* Sooner or later the ring's old bytes stand where a record is padded to 8 bytes. */
static void a_text_ends_where_it_was_ended_whatever_the_ring_held(void **state)
{
	(void)state;
	struct arena reader = { 0 };
	assert_int_equal(arena_open(&reader), 0);
	arena = reader.shared;
	memset(arena->ring[0].data, 0xef, sizeof arena->ring[0].data);
	struct collator *collator = collator_open(&(struct collate_options){ .suite = "s" });
	static const char *const texts[] = { "msgpack._cmsgpack", "a", "ab", "eight of", "" };
	size_t count = sizeof texts / sizeof *texts;
	for (size_t i = 0; i < count; i++) {
		struct ring_part part = { texts[i], (uint32_t)strlen(texts[i]) };
		assert_true(ring_write(FTS_REC_NOTE, &part, 1));
	}
	assert_int_equal(arena_drain(&reader, feed, collator).records, 0);
	size_t noted;
	const char *const *notes = collator_notes(collator, &noted);
	assert_int_equal(noted, count);
	for (size_t i = 0; i < count; i++)
		assert_string_equal(notes[i], texts[i]);
	collator_close(collator);
	ring_forked();
	arena = NULL;
	arena_close(&reader);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_text_ends_where_it_was_ended_whatever_the_ring_held),
	};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
