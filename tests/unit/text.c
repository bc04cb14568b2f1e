/* text.c - text from outside: what is not UTF-8, and signals without a name. */
#include "runner/base/util.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "reports/text.h"
#include "runner/trial/ending.h"

static void expect_text(const char *bytes, const char *expected)
{
	char *text = utf8_text(bytes, strlen(bytes));
	assert_string_equal(text, expected);
	free(text);
}

static void of_a_librarys_helper_the_line_that_called_it_is_told(void **state)
{
	(void)state;
	struct frame frames[] = {
		{ FRAME_RUST, .function = (char[]){ "core::option::Option::take" },
		  .file = (char[]){ "/rustc/12/library/core/src/option.rs" }, .line = 7 },
		{ FRAME_RUST, .function = (char[]){ "words::Cache::get" },
		  .file = (char[]){ "/pkg/words/src/lib.rs" }, .line = 3 },
	};
	struct participant side = { .stack = { .frames = frames, .count = 2 } };
	struct finding race = { .kind = FINDING_DATA_RACE };
	assert_ptr_equal(text_place(&race, &side).native, &frames[1]);
	side.stack.count = 1;
	assert_ptr_equal(text_place(&race, &side).native, &frames[0]);
}

static void one_bad_byte_costs_one_character(void **state)
{
	(void)state;
	expect_text("stra\xc3\x9f"
		    "e \xff \xe6\x97\xa5",
		    "stra\xc3\x9f"
		    "e \xef\xbf\xbd \xe6\x97\xa5");
	expect_text("\xe6\x97", "\xef\xbf\xbd\xef\xbf\xbd");                 /* cut */
	expect_text("\xc0\x80", "\xef\xbf\xbd\xef\xbf\xbd");                 /* not the shortest */
	expect_text("\xed\xa0\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"); /* a surrogate */
	expect_text("", "");
}

static void a_sequence_ends_with_the_bytes_that_are_there(void **state)
{
	(void)state;
	assert_int_equal(utf8_sequence("\xe6\x97\xa5", 3), 3);
	assert_int_equal(utf8_sequence("\xe6\x97\xa5", 2), 0);
	assert_int_equal(utf8_sequence("a", 0), 0);
}

static void expect_signal(int number, const char *expected)
{
	char *text = signal_text(number);
	assert_string_equal(text, expected);
	free(text);
}

static void every_signal_has_a_name(void **state)
{
	(void)state;
	expect_signal(SIGSEGV, "SIGSEGV");
	expect_signal(SIGRTMIN, "SIGRTMIN");
	expect_signal(SIGRTMIN + 3, "SIGRTMIN+3");
	expect_signal(120, "signal 120");
	char *text = ending_text(SIGRTMIN + 1); /* as a wait status */
	assert_string_equal(text, "it died of SIGRTMIN+1");
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(of_a_librarys_helper_the_line_that_called_it_is_told),
		cmocka_unit_test(one_bad_byte_costs_one_character),
		cmocka_unit_test(a_sequence_ends_with_the_bytes_that_are_there),
		cmocka_unit_test(every_signal_has_a_name),
	};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
