/* countprofile.c - objects whose counts many threads write, over all processes of a run. */
/* Before cmocka, whose fail() is a macro. */
#include "runner/base/util.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "runner/locks/countprofile.h"

static void add(struct countprofile *profile, const char *made, uint64_t changes, double seconds,
		uint64_t began)
{
	struct run_count sum = { .type = (char *)"list",
				 .made = (char *)made,
				 .changes = changes,
				 .handed_over = changes / 2,
				 .threads = 2,
				 .seconds = seconds };
	countprofile_add(profile, &sum, 7, began);
}

static void release(struct countprofile *profile, struct run_count *counts, size_t count)
{
	for (size_t i = 0; i < count; i++)
		run_count_clear(&counts[i]);
	free(counts);
	countprofile_free(profile);
}

static void changes_a_second_are_of_the_tests_in_which_they_were_made(void **state)
{
	(void)state;
	struct countprofile *profile = countprofile_new();
	size_t count;
	add(profile, "x.py:3", 1000, 2, 1);
	add(profile, "x.py:3", 500, 2, 1); /* another object of that line, in the same test */
	add(profile, "x.py:3", 500, 6, 9);
	add(profile, "y.py:3", 100, 100, 10);
	struct run_count *counts = countprofile_most(profile, &count);
	assert_int_equal(count, 2);
	assert_string_equal(counts[0].made, "x.py:3");
	assert_int_equal(counts[0].changes, 2000);
	assert_true(counts[0].seconds > 7.9 && counts[0].seconds < 8.1);
	assert_true(run_count_rate(&counts[0]) > 249 && run_count_rate(&counts[0]) < 251);
	release(profile, counts, count);
}

static void of_an_older_run_no_rate_is_known(void **state)
{
	(void)state;
	struct run_count count = { .changes = 1000 };
	assert_true(run_count_rate(&count) <= 0);
}

static void begins(const char *type, const char *made, const char *word)
{
	struct run_count count = { .type = (char *)type, .made = (char *)made };
	const char *remedy = run_count_remedy(&count);
	if (strncmp(remedy, word, strlen(word)) != 0)
		fail_msg("%s of %s: %s", type, made ? made : "?", remedy);
}

static void what_helps_depends_on_what_it_is_and_who_makes_it(void **state)
{
	(void)state;
	begins("list", "x.py:3", "per thread");
	begins("list", NULL, "per thread");
	begins("method", "x.py:3", "per thread");
	begins("function", "x.py:3", "deferred");
	begins("type", "x.c:3", "deferred");
	begins("str", "x.py:3", "immortal");
	begins("float", "src/x.c:31", "immortal or deferred");
	begins("my.Limits", "limits.py.c:31", "immortal or deferred");
	begins("tuple", "the_limits", "immortal or deferred");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(changes_a_second_are_of_the_tests_in_which_they_were_made),
		cmocka_unit_test(of_an_older_run_no_rate_is_known),
		cmocka_unit_test(what_helps_depends_on_what_it_is_and_who_makes_it),
	};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
