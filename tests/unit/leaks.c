/* leaks.c - what counts as growing with each round. */
#include "interpose/memory/leaks.c"
#include "interpose/memory/references.c"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

enum { STEADY = 7, GROWING = 8, RESTING = 9, NO_LINE = 10, COUNTED = 11, LAST };

static unsigned living[LAST];
static unsigned reports;
static char growth[64];
static int64_t count_of_one; /* of the one at COUNTED */
bool counts_on = true;
static bool is_block; /* what is there is no object */
static uint32_t held; /* how often the one at COUNTED is held */
static bool holds_known = true;
static char act[256];

/* ---- what it is seen through ---- */

bool made_is_on(void)
{
	return true;
}

void made_each(void (*look)(uint32_t site, uint64_t start, void *context), void *context)
{
	for (uint32_t site = 0; site < LAST; site++)
		for (unsigned i = 0; i < living[site]; i++)
			look(site, site, context);
}

bool made_is_whole(uint64_t start)
{
	(void)start;
	return true;
}

bool made_find(uint64_t start, struct made *made)
{
	*made = (struct made){ .frames = { 4096, 1ull << 60 }, .count = start == NO_LINE ? 1 : 2 };
	return true;
}

bool object_find(uint64_t address, struct object *object)
{
	*object = (struct object){ .start = address, .size = 64, .type = "list" };
	if (is_block)
		object->type[0] = 0;
	return true;
}

bool object_peek(uint64_t address, void *out, uint64_t length)
{
	(void)address;
	memset(out, 0, length);
	return true;
}

bool object_type_name(uint64_t type, char *name, uint64_t room)
{
	(void)type, (void)name, (void)room;
	return false;
}

int64_t counts_references(uint64_t object)
{
	return object == COUNTED ? count_of_one : 3;
}

bool held_begin(void)
{
	return holds_known;
}

uint32_t held_of(uint64_t object)
{
	return object == COUNTED && holds_known ? held : 0;
}

void held_end(void) {}

void misuse_tell_made(const struct misuse *misuse, const struct made *made)
{
	assert_string_equal(misuse->type, "reference-count-falls");
	assert_int_equal(misuse->object, COUNTED);
	assert_int_equal(made->count, 1); /* the line of Python */
	strncpy(act, misuse->act, sizeof act - 1);
	reports++;
}

void ring_limit(enum fts_limit limit)
{
	(void)limit;
}

uint32_t section_put(uint8_t *at, uint32_t room, struct fts_section section, const void *frames,
		     const char *text)
{
	(void)at, (void)room, (void)frames;
	if (section.kind == FTS_SEC_OTHER)
		strncpy(growth, text, sizeof growth - 1);
	return sizeof section;
}

bool ring_write(uint32_t type, const struct ring_part *parts, unsigned count)
{
	(void)type, (void)parts, (void)count;
	reports++;
	return true;
}

/* ---- the promises ---- */

static void count_rounds(uint32_t alone, unsigned rounds, const unsigned more[LAST])
{
	for (unsigned i = 0; i <= rounds; i++) {
		ftstress_leaks_round(alone, i);
		for (unsigned site = 0; site < LAST; site++)
			living[site] += site == RESTING && i == 2 ? 0 : more[site];
	}
}

static void what_grows_with_each_round_is_told(void **state)
{
	(void)state;
	living[STEADY] = living[RESTING] = 5;
	const unsigned together[LAST] = { [GROWING] = 4, [RESTING] = 1 };
	const unsigned alone[LAST] = { 0 };
	count_rounds(0, 6, together);
	count_rounds(1, 6, alone);
	reports = 0;
	assert_int_equal(ftstress_leaks_tell(4, 6, 6), 1);
	assert_int_equal(reports, 1);
	assert_string_equal(growth, "4\t0\t4\t6");
}

static void another_test_begins_anew(void **state)
{
	(void)state;
	const unsigned none[LAST] = { 0 }, alone[LAST] = { [STEADY] = 1 };
	count_rounds(0, 6, none);
	assert_int_equal(ftstress_leaks_tell(4, 6, 0), 0);
	count_rounds(1, 6, alone);
	assert_int_equal(ftstress_leaks_tell(4, 6, 6), 1);
	assert_string_equal(growth, "0\t1\t4\t6");
}

static void what_no_line_of_python_makes_is_not_told(void **state)
{
	(void)state;
	const unsigned together[LAST] = { [NO_LINE] = 3 };
	count_rounds(0, 6, together);
	assert_int_equal(ftstress_leaks_tell(4, 6, 0), 0);
}

/* ... and each round takes so many references to the one object, but for the one in the middle. */
static void count_references(uint32_t alone, const unsigned more[LAST], int each, int middle)
{
	count_of_one = 5;
	for (unsigned i = 0; i <= 6; i++) {
		ftstress_leaks_round(alone, i);
		count_of_one += i == 3 ? middle : each;
		for (unsigned site = 0; site < LAST; site++)
			living[site] += more[site];
	}
}

static void an_object_to_which_references_grow_is_told(void **state)
{
	(void)state;
	const unsigned none[LAST] = { 0 };
	living[COUNTED] = 1;
	count_references(0, none, 2, 2);
	count_references(1, none, 0, 0);
	assert_int_equal(ftstress_leaks_tell(4, 6, 6), 1);
	assert_string_equal(growth, "2\t0\t4\t6");
	count_references(0, none, 2, 0); /* a cache that is filled and emptied */
	assert_int_equal(ftstress_leaks_tell(4, 6, 6), 0);
	count_references(1, none, 1, 1);
	assert_int_equal(ftstress_leaks_tell(4, 6, 6), 1);
	assert_string_equal(growth, "0\t1\t4\t6");
	count_references(0, none, 1, 1);
	count_of_one = INT64_MAX; /* it is immortal by now */
	ftstress_leaks_round(0, 6);
	count_references(1, none, 0, 0);
	assert_int_equal(ftstress_leaks_tell(4, 6, 6), 0);
	is_block = true;
	count_references(0, none, 2, 2);
	assert_int_equal(ftstress_leaks_tell(4, 6, 6), 0);
	is_block = false;
}

static void references_of_what_grows_itself_are_not_told(void **state)
{
	(void)state;
	const unsigned more[LAST] = { [STEADY] = 1 };
	living[COUNTED] = 1;
	count_references(0, more, 1, 1);
	assert_int_equal(ftstress_leaks_tell(4, 6, 0), 1);
	assert_string_equal(growth, "1\t0\t4\t6"); /* that of the place */
}

static void an_object_of_which_fewer_references_are_counted_each_round_is_told(void **state)
{
	(void)state;
	const unsigned none[LAST] = { 0 };
	living[COUNTED] = 1;
	held = 5;
	count_references(0, none, -4, -4);
	count_references(1, none, -1, -1);
	assert_int_equal(ftstress_leaks_tell(4, 6, 6), 1);
	assert_string_equal(act,
			    "makes it; with each round of the test there are 4 references fewer in "
			    "4 threads, and 1 fewer in one");
	count_references(0, none, 0, 0);
	count_references(1, none, -1, 1); /* once it is higher again */
	assert_int_equal(ftstress_leaks_tell(4, 6, 6), 0);
	is_block = true; /* other memory that looks so */
	count_references(1, none, -1, -1);
	assert_int_equal(ftstress_leaks_tell(4, 6, 6), 0);
	is_block = false;
	holds_known = false; /* there are other threads */
	count_references(1, none, -1, -1);
	assert_int_equal(ftstress_leaks_tell(4, 6, 6), 0);
	holds_known = true;
}

/* A list of a thousand that is used up. */
static void what_lets_an_object_go_with_each_round_is_no_wrong_count(void **state)
{
	(void)state;
	living[COUNTED] = 1;
	held = count_of_one = 1000;
	for (unsigned i = 0; i <= 6; i++) {
		ftstress_leaks_round(0, i);
		held--;
		count_of_one--;
	}
	assert_int_equal(ftstress_leaks_tell(4, 6, 0), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_grows_with_each_round_is_told),
		cmocka_unit_test(another_test_begins_anew),
		cmocka_unit_test(what_no_line_of_python_makes_is_not_told),
		cmocka_unit_test(an_object_to_which_references_grow_is_told),
		cmocka_unit_test(references_of_what_grows_itself_are_not_told),
		cmocka_unit_test(
			an_object_of_which_fewer_references_are_counted_each_round_is_told),
		cmocka_unit_test(what_lets_an_object_go_with_each_round_is_no_wrong_count),
	};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
