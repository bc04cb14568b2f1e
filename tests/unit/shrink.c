/* shrink.c - a list is shrunk to what is needed, in few tries. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "runner/model/shrink.h"

static bool contains(const size_t *items, size_t count, size_t item)
{
	for (size_t i = 0; i < count; i++)
		if (items[i] == item)
			return true;
	return false;
}

/* Shrinks 0..count - 1 to those that are needed; returns how many tries that took. */
static unsigned shrink_to(struct shrink *shrink, const size_t *needed, size_t needed_count)
{
	unsigned tries = 0;
	const size_t *items;
	size_t count;
	while ((items = shrink_next(shrink, &count))) {
		bool all = true;
		for (size_t i = 0; i < needed_count; i++)
			all = all && contains(items, count, needed[i]);
		for (size_t i = 1; i < count; i++)
			assert_true(items[i - 1] < items[i]);
		shrink_answer(shrink, all);
		assert_true(++tries < 1000);
	}
	return tries;
}

static void expect(size_t length, const size_t *needed, size_t count, unsigned most)
{
	size_t all[200], left;
	for (size_t i = 0; i < length; i++)
		all[i] = i;
	struct shrink *shrink = shrink_new(all, length, needed[0]);
	unsigned tries = shrink_to(shrink, needed, count);
	const size_t *items = shrink_items(shrink, &left);
	assert_int_equal(left, count);
	for (size_t i = 0; i < count; i++)
		assert_true(contains(items, left, needed[i]));
	assert_in_range(tries, 0, most);
	shrink_free(shrink);
}

static void the_one_that_is_kept_is_tried_alone_first(void **state)
{
	(void)state;
	static const size_t needed[] = { 57 };
	expect(100, needed, 1, 1);
	expect(1, (const size_t[]){ 0 }, 1, 0);
}

static void what_is_needed_stays(void **state)
{
	(void)state;
	static const size_t two[] = { 57, 3 }, three[] = { 0, 50, 99 };
	expect(100, two, 2, 30);
	expect(100, three, 3, 45);
	expect(3, (const size_t[]){ 2, 1, 0 }, 3, 10);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_one_that_is_kept_is_tried_alone_first),
		cmocka_unit_test(what_is_needed_stays),
	};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
