/* between.c - which pairs are ordered by a lock that has nothing to do with their object. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#undef _GNU_SOURCE /* between.c defines it */
#include "interpose/turns/between.c"

#include <cmocka.h>

/* Objects of 32 bytes, each a block of its own; the type stands at 24. */
static struct {
	_Alignas(32) uint8_t bytes[32];
} older, fresh, other;
static uint8_t types;

static const volatile uint8_t *const all_types = &types;

bool object_block_at(uint64_t address, uint64_t *start, struct object_block *block)
{
	uint8_t *const objects[] = { older.bytes, fresh.bytes, other.bytes };
	for (size_t i = 0; i < 3; i++)
		if (address - (uint64_t)objects[i] < sizeof older) {
			*start = (uint64_t)objects[i];
			*block = (struct object_block){ .size = sizeof older };
			return true;
		}
	return false;
}

bool object_peek(uint64_t address, void *out, uint64_t length)
{
	memcpy(out, (const void *)address, length);
	return true;
}

bool object_type_name(uint64_t type, char *name, uint64_t room)
{
	(void)type;
	(void)room;
	memcpy(name, "set", 4);
	return true;
}

#define MUTEX(object) (&(object).bytes[OBJECT_MUTEX])

static void section(const uint8_t *lock)
{
	between_note(lock, true, true);
	between_note(lock, false, true);
}

/* Each call takes the lock so many times, one section after the other. */
static const char *ordered(const uint8_t *lock, unsigned first, unsigned second)
{
	between_forget();
	between_begins(0);
	for (unsigned i = 0; i < first; i++)
		section(lock);
	between_ends();
	between_begins(1);
	for (unsigned i = 0; i < second; i++)
		section(lock);
	between_ends();
	return ftstress_pair_ordered();
}

static void it_takes_two_sections_in_each_call(void **state)
{
	(void)state;
	between_types = &all_types;
	assert_null(ordered(&types, 0, 0));
	assert_null(ordered(&types, 1, 1));
	assert_null(ordered(&types, 2, 1));
	assert_null(ordered(&types, 1, 2));
	assert_string_equal(ordered(&types, 2, 2), "the lock of all types");
	assert_string_equal(ordered(&types, 3, 2), "the lock of all types");
}

static void the_lock_of_what_the_calls_share_is_meant(void **state)
{
	(void)state;
	older.bytes[OBJECT_MUTEX + 1] = FROZEN | 1;
	fresh.bytes[OBJECT_MUTEX + 1] = 1;
	assert_string_equal(ordered(MUTEX(older), 2, 2), "the lock of a set that is there for all");
	assert_null(ordered(MUTEX(fresh), 2, 2));
	/* Not the lock of the object that lies there, but something in it. */
	assert_null(ordered(&older.bytes[OBJECT_MUTEX + 2], 2, 2));
	static uint8_t extensions; /* not in the interpreter's memory */
	assert_null(ordered(&extensions, 2, 2));
}

static void both_calls(const uint8_t *outer, bool orders)
{
	between_forget();
	for (uint32_t side = 0; side < SIDES; side++) {
		between_begins(side);
		if (outer)
			between_note(outer, true, true);
		for (int i = 0; i < 2; i++) {
			between_note(&types, true, true);
			between_note(&types, false, orders);
		}
		if (outer)
			between_note(outer, false, true);
		between_ends();
	}
}

static void what_a_lock_covers_is_kept_apart_by_it(void **state)
{
	(void)state;
	both_calls(MUTEX(fresh), true);
	assert_null(ftstress_pair_ordered());
	both_calls(NULL, true);
	assert_non_null(ftstress_pair_ordered());
}

static void a_section_that_tells_nothing_orders_nothing(void **state)
{
	(void)state;
	both_calls(NULL, false);
	assert_null(ftstress_pair_ordered());
}

static void different_locks_order_nothing(void **state)
{
	(void)state;
	between_forget();
	for (uint32_t side = 0; side < SIDES; side++) {
		between_begins(side);
		section(side ? MUTEX(older) : &types);
		section(side ? MUTEX(older) : &types);
		between_ends();
	}
	assert_null(ftstress_pair_ordered());
}

static void of_too_many_sections_nothing_is_said(void **state)
{
	(void)state;
	assert_non_null(ordered(&types, EVENTS / 2, 2));
	assert_null(ordered(&types, EVENTS / 2 + 1, 2));
	assert_non_null(ordered(&types, 2, 2)); /* and the next pair is told again */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_takes_two_sections_in_each_call),
		cmocka_unit_test(the_lock_of_what_the_calls_share_is_meant),
		cmocka_unit_test(what_a_lock_covers_is_kept_apart_by_it),
		cmocka_unit_test(a_section_that_tells_nothing_orders_nothing),
		cmocka_unit_test(different_locks_order_nothing),
		cmocka_unit_test(of_too_many_sections_nothing_is_said),
	};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
