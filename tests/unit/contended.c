/* contended.c - which objects are told of whose counts threads write in turn. */
#include "interpose/memory/contended.c"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

/* ---- what it is seen through ---- */

uint64_t python_pc(uint64_t native)
{
	return native;
}

static _Alignas(16) uint64_t object[8], other[8];
static unsigned told, changes, handed_over, threads;
static uint64_t test_began, took;
static __thread int number;

bool made_is_on(void)
{
	return true;
}

bool made_find(uint64_t start, struct made *made)
{
	(void)start;
	*made = (struct made){ .frames = { 4096 }, .count = 1 };
	return true;
}

int32_t made_thread(void)
{
	return number;
}

bool object_type_name(uint64_t type, char *name, uint64_t room)
{
	(void)type;
	strncpy(name, "list", room);
	return true;
}

uint32_t ring_room(void)
{
	return FTS_RING_BYTES;
}

uint32_t section_put(uint8_t *at, uint32_t room, struct fts_section section, const void *frames,
		     const char *text)
{
	(void)at, (void)room, (void)frames, (void)text;
	if (section.kind == FTS_SEC_OBJECT) {
		test_began = section.size;
		took = section.value;
	}
	if (section.kind == FTS_SEC_OTHER) {
		changes = (unsigned)section.address;
		handed_over = (unsigned)section.size;
		threads = (unsigned)section.value;
	}
	return sizeof section;
}

bool ring_write(uint32_t type, const struct ring_part *parts, unsigned count)
{
	(void)type, (void)parts, (void)count;
	told++;
	return true;
}

/* ---- the promises ---- */

enum { TURNS = 400 };

static pthread_barrier_t turn;

/* Two threads change the object in turn, so often each time that one change is looked at. */
static void *change(void *which)
{
	number = *(const int *)which;
	for (int i = 0; i < TURNS; i++) {
		pthread_barrier_wait(&turn);
		for (int k = 0; k < EACH && i % 2 == number; k++)
			contended_note((uint64_t)object, 4096);
	}
	return NULL;
}

static void what_is_handed_over_is_told(void **state)
{
	static int numbers[2] = { 0, 1 };
	pthread_t both[2];
	(void)state;
	uint64_t before = raw_now();
	contended_test(true);
	pthread_barrier_init(&turn, NULL, 2);
	for (int i = 0; i < 2; i++)
		pthread_create(&both[i], NULL, change, &numbers[i]);
	for (int i = 0; i < 2; i++)
		pthread_join(both[i], NULL);
	pthread_barrier_destroy(&turn);
	contended_test(false);
	assert_int_equal(told, 1);
	assert_int_equal(changes, TURNS * EACH);
	assert_int_equal(handed_over, (TURNS - 1) * EACH);
	assert_int_equal(threads, 2);
	assert_true(before <= test_began && took > 0 && test_began + took <= raw_now());
}

static void what_one_thread_changes_is_not_told(void **state)
{
	(void)state;
	told = 0;
	contended_test(true);
	for (int i = 0; i < TURNS * EACH; i++)
		contended_note((uint64_t)object, 4096);
	contended_test(false);
	assert_int_equal(told, 0);
}

static void nothing_is_noted_outside_of_a_test(void **state)
{
	(void)state;
	for (int i = 0; i < EACH; i++)
		contended_note((uint64_t)other, 4096);
	for (unsigned i = 0; i < OBJECTS; i++)
		assert_int_equal(entries[i].object, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_handed_over_is_told),
		cmocka_unit_test(what_one_thread_changes_is_not_told),
		cmocka_unit_test(nothing_is_noted_outside_of_a_test),
	};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
