/* faults.c - where a process computes that makes no progress. */
/* Before cmocka, whose fail() is a macro. */
#include "runner/base/util.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "runner/verdict/faults.h"

static struct captured_frame spin = {
	.kind = CAPTURED_PYTHON, .qualname = "spin", .file = "/a/x.py", .line = 4
};
static struct captured_frame caller = {
	.kind = CAPTURED_PYTHON, .qualname = "main", .file = "/a/x.py", .line = 9
};

static struct captured_thread thread(struct captured_frame *frames, size_t count, bool busy)
{
	return (struct captured_thread){
		.tid = 7, .name = "worker", .busy = busy, .frames = frames, .count = count
	};
}

static void a_thread_that_is_where_it_was_goes_round_in_circles(void **state)
{
	(void)state;
	struct captured_frame inner[] = { { .kind = CAPTURED_NATIVE }, spin, caller };
	struct captured_thread now = thread(inner, 3, true), before = thread(&spin, 1, true);
	struct capture first = { .threads = &before, .count = 1 };
	struct capture second = { .threads = &now, .count = 1 };
	char *text = fault_spinning(&first, &second);
	assert_non_null(strstr(text, "worker in spin (a/x.py:4), as before"));
	assert_non_null(strstr(text, "livelock"));
	free(text);
}

static void a_thread_that_got_elsewhere_is_slow(void **state)
{
	(void)state;
	struct captured_thread now = thread(&spin, 1, true), before = thread(&caller, 1, true);
	struct capture first = { .threads = &before, .count = 1 };
	struct capture second = { .threads = &now, .count = 1 };
	char *text = fault_spinning(&first, &second);
	assert_string_equal(text, "worker in spin (a/x.py:4)");
	free(text);
}

static void threads_that_sleep_are_not_told(void **state)
{
	(void)state;
	struct captured_thread now = thread(&spin, 1, false);
	struct capture none = { 0 }, second = { .threads = &now, .count = 1 };
	char *text = fault_spinning(&none, &second);
	assert_string_equal(text, "");
	free(text);
	text = fault_spinning(&none, NULL);
	assert_string_equal(text, "");
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_thread_that_is_where_it_was_goes_round_in_circles),
		cmocka_unit_test(a_thread_that_got_elsewhere_is_slow),
		cmocka_unit_test(threads_that_sleep_are_not_told),
	};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
