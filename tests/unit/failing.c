/* failing.c - tests that never pass are counted, told, and known the next time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "runner/run/failing.h"
#include "runner/base/util.h"

/* Last: it defines a macro of the name of util.h's fail(). */
#include <cmocka.h>

static const struct plan_test tests[] = { { .id = "a", .file = "a" },
					  { .id = "b", .file = "b" },
					  { .id = "c", .file = "c" } };

#define TRACE                                                                                      \
	"Traceback (most recent call last):\n"                                                     \
	"  File \"/p/test_b.py\", line 3, in test\n"                                               \
	"    f()\n"                                                                                \
	"    ~^^\n"                                                                                \
	"  File \"/p/lib.py\", line 7, in f\n"                                                     \
	"    return no.such\n"                                                                     \
	"ValueError: no\n"

static struct test_failure failure(uint32_t index, const char *message)
{
	return (struct test_failure){ .index = index,
				      .type = (char *)"ValueError",
				      .message = (char *)message,
				      .traceback = (char *)TRACE };
}

/* An attempt with all three tests; failures are of those whose outcome is FAILED. */
static void take(struct failing *failing, const uint16_t outcomes[3])
{
	size_t indices[] = { 0, 1, 2 };
	enum test_state states[] = { TEST_ENDED, TEST_ENDED, TEST_ENDED };
	struct test_failure failures[3];
	struct trial trial = { .tests = indices,
			       .count = 3,
			       .states = states,
			       .outcomes = (uint16_t *)(uintptr_t)outcomes,
			       .failures = failures };
	for (uint32_t i = 0; i < 3; i++)
		if (outcomes[i] == FTS_OUTCOME_FAILED || outcomes[i] == FTS_OUTCOME_ERROR)
			failures[trial.failure_count++] = failure(i, "no\nmore lines");
	failing_take(failing, &trial);
}

static void what_fails_once_and_passes_once_is_not_failing(void **state)
{
	(void)state;
	struct failing *failing = failing_new(tests, 3);
	take(failing, (uint16_t[]){ FTS_OUTCOME_PASSED, FTS_OUTCOME_ERROR, FTS_OUTCOME_FAILED });
	take(failing, (uint16_t[]){ FTS_OUTCOME_FAILED, FTS_OUTCOME_FAILED, FTS_OUTCOME_PASSED });
	struct failing_totals totals = failing_totals(failing);
	assert_int_equal(totals.passed, 2);
	assert_int_equal(totals.failing, 1);
	assert_string_equal(totals.test, "b");
	assert_string_equal(totals.why, "ValueError: no");
	assert_string_equal(totals.where, "lib.py:7: return no.such");
	failing_free(failing);
}

static void what_skips_itself_neither_passes_nor_fails(void **state)
{
	(void)state;
	struct failing *failing = failing_new(tests, 3);
	take(failing,
	     (uint16_t[]){ FTS_OUTCOME_SKIPPED, FTS_OUTCOME_SKIPPED, FTS_OUTCOME_NOT_RUN });
	struct failing_totals totals = failing_totals(failing);
	assert_int_equal(totals.passed + totals.failing, 0);
	assert_null(totals.test);
	failing_free(failing);
}

static struct store *open_store(const char *path)
{
	struct store *store = NULL;
	assert_int_equal(store_open(path, &store), 0);
	return store;
}

static void a_failure_alone_is_known_to_the_next_run_until_the_test_passes(void **state)
{
	(void)state;
	char path[] = "/tmp/ftstress-failing-XXXXXX";
	close(mkstemp(path));
	struct test_failure same = failure(1, "no\nother lines"), other = failure(1, "yes");
	struct store *store = open_store(path);
	struct failing *failing = failing_new(tests, 3);
	assert_int_equal(failing_load(failing, store), 0);
	assert_false(failing_is_known(failing, 1, &same));
	failing_alone(failing, 1, &same);
	assert_int_equal(failing_store(failing, store), 0);
	failing_free(failing);

	failing = failing_new(tests, 3);
	assert_int_equal(failing_load(failing, store), 0);
	assert_true(failing_is_known(failing, 1, &same));
	assert_false(failing_is_known(failing, 1, &other)); /* it may need threads */
	assert_false(failing_is_known(failing, 0, &same));
	take(failing, (uint16_t[]){ FTS_OUTCOME_PASSED, FTS_OUTCOME_PASSED, FTS_OUTCOME_PASSED });
	assert_false(failing_is_known(failing, 1, &same));
	assert_int_equal(failing_store(failing, store), 0);
	failing_free(failing);

	failing = failing_new(tests, 3);
	assert_int_equal(failing_load(failing, store), 0);
	assert_false(failing_is_known(failing, 1, &same));
	failing_free(failing);
	store_close(store);
	unlink(path);
}

static void a_traceback_without_source_still_has_its_line(void **state)
{
	(void)state;
	struct test_failure one = failure(0, "");
	one.traceback = (char *)"  File \"x.py\", line 12, in <module>\nValueError\n";
	char *why = failure_why(&one), *where = failure_where(&one);
	assert_string_equal(why, "ValueError");
	assert_string_equal(where, "x.py:12");
	free(why);
	free(where);
	one.traceback = (char *)"  + Exception Group Traceback (most recent call last):\n"
				"  |   File \"/a/x.py\", line 3, in run\n"
				"  |     group()\n"
				"  |     ~~~~~^^\n"
				"  | ExceptionGroup: two (2 sub-exceptions)\n"
				"  +-+---------------- 1 ----------------\n"
				"    | Traceback (most recent call last):\n"
				"    |   File \"/a/y.py\", line 5, in one\n"
				"    |     int(text)\n"
				"    | ValueError: no number\n";
	where = failure_where(&one);
	assert_string_equal(where, "y.py:5: int(text)");
	free(where);
	one.traceback = (char *)"no traceback";
	assert_null(failure_where(&one));
}

int main(void)
{
	const struct CMUnitTest all[] = {
		cmocka_unit_test(what_fails_once_and_passes_once_is_not_failing),
		cmocka_unit_test(what_skips_itself_neither_passes_nor_fails),
		cmocka_unit_test(a_failure_alone_is_known_to_the_next_run_until_the_test_passes),
		cmocka_unit_test(a_traceback_without_source_still_has_its_line),
	};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(all, NULL, NULL);
}
