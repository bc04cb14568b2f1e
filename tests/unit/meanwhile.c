/* meanwhile.c - what is looked at while something takes long, and the records that wait for it. */
#include "tests/unit/fixtures/records.h"

#include <sqlite3.h>
#include <time.h>

#include "runner/base/meanwhile.h"
#include "runner/records/held.h"
#include "runner/store/store.h"

static unsigned looks;

static void look_and_nest(void *context)
{
	unsigned *depth = context;
	assert_int_equal(*depth, 0);
	looks++;
	++*depth;
	for (double end = now_seconds() + 0.06; now_seconds() < end;)
		meanwhile(); /* as what it calls may do */
	--*depth;
}

static void it_looks_now_and_then_and_never_within_a_look(void **state)
{
	(void)state;
	unsigned depth = 0;
	looks = 0;
	meanwhile();
	meanwhile_set(look_and_nest, &depth);
	meanwhile();
	assert_int_equal(looks, 0); /* not yet */
	while (!looks)
		meanwhile();
	meanwhile();
	assert_int_equal(looks, 1);
	meanwhile_set(NULL, NULL);
	meanwhile();
	assert_int_equal(looks, 1);
}

/* ---- held.h ---- */

struct taker {
	struct held *held;
	struct buf seen;
	unsigned chunks;
};

static void take(void *arg, const uint8_t *records, size_t length)
{
	struct taker *taker = arg;
	assert_int_equal((uintptr_t)records % 8, 0);
	buf_add(&taker->seen, records, length);
	buf_puts(&taker->seen, "|");
	if (taker->chunks++ == 0) /* as a look does, in the middle */
		held_add(taker->held, (const uint8_t *)"meanwhil", 8);
}

static void chunks_come_in_order_also_those_of_the_middle(void **state)
{
	(void)state;
	struct held held = { 0 };
	struct taker taker = { .held = &held };
	held_add(&held, (const uint8_t *)"first...second..", 16);
	held_add(&held, (const uint8_t *)"third...", 8);
	held.lost = (struct arena_lost){ 3, 1 };
	struct arena_lost lost = held_take(&held, take, &taker);
	assert_string_equal(taker.seen.data, "first...second..|third...|meanwhil|");
	assert_int_equal(lost.records, 3);
	assert_int_equal(lost.control, 1);
	lost = held_take(&held, take, &taker);
	assert_int_equal(lost.records, 0);
	assert_int_equal(taker.chunks, 3);
	held_free(&held);
	buf_free(&taker.seen);
}

static void what_is_held_has_an_end(void **state)
{
	(void)state;
	struct held held = { 0 };
	struct taker taker = { .held = &held, .chunks = 1 };
	size_t size = HELD_MAX / 4;
	uint8_t *block = xcalloc(1, size);
	for (int i = 0; i < 4; i++) {
		assert_false(held_full(&held));
		held_add(&held, block, size);
	}
	assert_true(held_full(&held));
	held_take(&held, take, &taker);
	assert_false(held_full(&held));
	free(block);
	held_free(&held);
	buf_free(&taker.seen);
}

/* ---- the store ---- */

static void let_go(void *context)
{
	looks++;
	assert_int_equal(sqlite3_exec(context, "COMMIT", NULL, NULL, NULL), SQLITE_OK);
	meanwhile_set(NULL, NULL);
}

/* The other program only lets go when it is looked at. */
static void waiting_for_the_store_does_not_block(void **state)
{
	(void)state;
	char folder[] = "/tmp/ftstress-meanwhile-XXXXXX";
	assert_non_null(mkdtemp(folder));
	char *path = xprintf("%s/s.db", folder), *command = xprintf("rm -r %s", folder);
	struct store *store;
	struct store_run run = { .seed = 1 };
	int64_t id;
	sqlite3 *other;
	assert_int_equal(store_open(path, &store), 0);
	assert_int_equal(sqlite3_open(path, &other), SQLITE_OK);
	assert_int_equal(sqlite3_exec(other, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
	looks = 0;
	meanwhile_set(let_go, other);
	assert_int_equal(store_run_begin(store, &run, &id), 0);
	assert_int_equal(looks, 1);
	meanwhile_set(NULL, NULL);
	sqlite3_close(other);
	store_close(store);
	assert_int_equal(system(command), 0); /* NOLINT: our own folder */
	free(command);
	free(path);
}

int main(void)
{
	const struct CMUnitTest all[] = {
		cmocka_unit_test(it_looks_now_and_then_and_never_within_a_look),
		cmocka_unit_test(chunks_come_in_order_also_those_of_the_middle),
		cmocka_unit_test(what_is_held_has_an_end),
		cmocka_unit_test(waiting_for_the_store_does_not_block),
	};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(all, NULL, NULL);
}
