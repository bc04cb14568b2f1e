/* lock_kind.c - each kind of lock is one row: its number, its words, what is so of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "ftstress/locks.h"
#include "runner/model/lock_kind.h"

static const uint32_t kinds[] = {
#define NUMBER(name, number, words, between, traits) number,
	FTS_LOCK_KINDS(NUMBER)
};
enum { KINDS = sizeof kinds / sizeof *kinds };

static void numbers_and_names_tell_kinds_apart(void **state)
{
	(void)state;
	for (unsigned i = 0; i < KINDS; i++) {
		assert_in_range(kinds[i], 1, 63);
		assert_string_equal(lock_kind_parse(lock_kind_name(kinds[i])),
				    lock_kind_name(kinds[i]));
		for (unsigned j = 0; j < i; j++) {
			assert_int_not_equal(kinds[i], kinds[j]);
			assert_string_not_equal(lock_kind_name(kinds[i]), lock_kind_name(kinds[j]));
		}
	}
	assert_string_equal(lock_kind_name(0), "lock");
	assert_string_equal(lock_kind_name(63), "lock");
	assert_string_equal(lock_kind_parse("mutex of mine"), "lock");
}

static void a_trait_is_of_the_kinds_that_have_it(void **state)
{
	(void)state;
	assert_true(fts_lock_is(FTS_LOCK_PTHREAD, FTS_COUNTED));
	assert_false(fts_lock_is(FTS_LOCK_LOCK, FTS_COUNTED));
	assert_true(fts_lock_is(FTS_LOCK_MODULE, FTS_DETACHES));
	assert_false(fts_lock_is(0, FTS_COUNTED));
	assert_false(fts_lock_is(64, FTS_COUNTED));
}

/* What is seen as a signal can only be what any thread may give back. */
static void traits_go_together(void **state)
{
	(void)state;
	for (unsigned i = 0; i < KINDS; i++) {
		assert_true(!fts_lock_is(kinds[i], FTS_SIGNAL) ||
			    fts_lock_is(kinds[i], FTS_ANYONE));
		assert_false(fts_lock_is(kinds[i], FTS_TAKEN_BIT) &&
			     fts_lock_is(kinds[i], FTS_TAKEN_WORD));
		assert_false(fts_lock_is(kinds[i], FTS_BY_TYPE) &&
			     fts_lock_is(kinds[i], FTS_BY_TEXT));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_and_names_tell_kinds_apart),
		cmocka_unit_test(a_trait_is_of_the_kinds_that_have_it),
		cmocka_unit_test(traits_go_together),
	};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
