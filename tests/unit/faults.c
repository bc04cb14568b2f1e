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

#include "ftstress/arena.h"
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

static void a_failed_test_says_what_was_raised_and_where_in_its_file(void **state)
{
	(void)state;
	struct test_failure failure = {
		.threads = 2,
		.type = "ValueError",
		.message = "negative count\nand more",
		.traceback = "Traceback (most recent call last):\n"
			     "  File \"/a/pkg/tests/test_x.py\", line 8, in helper\n"
			     "  File \"/a/pkg/tests/test_x.py\", line 12, in test_fill\n"
			     "  File \"/a/pkg/core.py\", line 99, in add\n"
			     "ValueError: negative count\n",
	};
	struct finding finding;
	fault_of_failures("tests/test_x.py::test_fill[1]", &failure, 1, &finding);
	assert_string_equal(finding.said, "ValueError: negative count, at tests/test_x.py:12");
	finding_clear(&finding);
	/* unittest's ids name no file: where it was raised. */
	fault_of_failures("pkg.tests.TestX.test_fill", &failure, 1, &finding);
	assert_string_equal(finding.said, "ValueError: negative count, at pkg/core.py:99");
	finding_clear(&finding);
	failure.message = failure.traceback = "";
	fault_of_failures("test_x.py", &failure, 1, &finding);
	assert_string_equal(finding.said, "ValueError");
	finding_clear(&finding);
}

static char *said_of_output(const char *output)
{
	struct trial trial = { .running = FTS_NO_TEST };
	struct fault fault = { .trial = &trial, .status = 11, .output = output };
	struct finding finding;
	assert_true(fault_of_status(&fault, &finding));
	char *said = xstrdup(finding.said);
	finding_clear(&finding);
	return said;
}

static void a_crash_says_the_last_words_that_were_printed(void **state)
{
	(void)state;
	char *said = said_of_output("begin\nfree(): invalid pointer\n\n");
	assert_string_equal(said, "printed last: free(): invalid pointer");
	free(said);
	said = said_of_output("Fatal Python error: f: no table\n"
			      "Python runtime state: initialized\n\n"
			      "Current thread 0x00007f1c (most recent call first):\n"
			      "  File \"/a/x.py\", line 3 in f\n\n"
			      "Extension modules: a, b (total: 2)\n");
	assert_string_equal(said, "printed last: Fatal Python error: f: no table");
	free(said);
	said = said_of_output(
		"a.c:12: f: Assertion failed: negative\n"
		"Enable tracemalloc to get the memory block allocation traceback\n\n"
		"object address  : 0x10\nobject refcount : 0\nobject type     : 0x20\n"
		"object type name: list\nobject repr     : <refcnt 0 at 0x10>\n\n"
		"Fatal Python error: _PyObject_AssertFailed: _PyObject_AssertFailed\n");
	assert_string_equal(said, "printed last: a.c:12: f: Assertion failed: negative");
	free(said);
	assert_null(said_of_output(""));
	assert_null(said_of_output(NULL));
}

static bool is_fault(int status, bool slice_end, bool uncertain)
{
	struct trial trial = { .running = FTS_NO_TEST,
			       .slice_end = slice_end,
			       .uncertain = uncertain };
	struct fault fault = { .trial = &trial, .status = status };
	struct finding finding;
	bool made = fault_of_status(&fault, &finding);
	finding_clear(&finding);
	return made;
}

static void an_end_that_was_not_told_proves_nothing_when_records_were_lost(void **state)
{
	(void)state;
	enum { EXITED = 0, SEGFAULT = 11 };
	assert_false(is_fault(EXITED, true, false));
	assert_true(is_fault(EXITED, false, false));
	assert_false(is_fault(EXITED, false, true));
	assert_true(is_fault(SEGFAULT, false, true)); /* the kernel says so */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_thread_that_is_where_it_was_goes_round_in_circles),
		cmocka_unit_test(a_thread_that_got_elsewhere_is_slow),
		cmocka_unit_test(threads_that_sleep_are_not_told),
		cmocka_unit_test(a_failed_test_says_what_was_raised_and_where_in_its_file),
		cmocka_unit_test(a_crash_says_the_last_words_that_were_printed),
		cmocka_unit_test(an_end_that_was_not_told_proves_nothing_when_records_were_lost),
	};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
