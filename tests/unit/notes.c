/* notes.c - each note once, and what is said of many things once. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "runner/collate/notes.h"

static void what_is_said_of_three_or_more_is_one_note(void **state)
{
	(void)state;
	struct notes notes = { 0 };
	static const char *const said[] = { "a needs it", "x",          "b needs it", "d hides it",
					    "c needs it", "e hides it", "a needs it", "x" };
	for (size_t i = 0; i < sizeof said / sizeof *said; i++)
		notes_add(&notes, said[i]);
	assert_int_equal(notes.count, 6);
	notes_fold(&notes);
	assert_int_equal(notes.count, 4);
	assert_string_equal(notes.items[0], "a (and 2 more) needs it");
	assert_string_equal(notes.items[1], "x");
	assert_string_equal(notes.items[2], "d hides it");
	assert_string_equal(notes.items[3], "e hides it");
	notes_clear(&notes);
	assert_int_equal(notes.count, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_said_of_three_or_more_is_one_note),
	};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
