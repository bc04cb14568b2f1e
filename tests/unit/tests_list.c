/* tests_list.c - when the tests are collected anew, and when what was collected is used again. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "runner/base/util.h"
#include "runner/setup/tests_list.h"

/* Last: it defines a macro of the name of util.h's fail(). */
#include <cmocka.h>

enum { LISTS = 4 };

/* The hash of a suite whose lists hold these words; '|' ends a list, ' ' a word. */
static uint64_t hash_of(const char *lists)
{
	struct suite suite = { .name = (char *)"s",
			       .driver = (char *)"pytest",
			       .folder = (char *)"/nonexistent" };
	struct strings *const order[LISTS] = { &suite.targets, &suite.args, &suite.unsafes,
					       &suite.paths };
	char *copy = xstrdup(lists), *rest = copy;
	for (size_t i = 0; i < LISTS; i++) {
		char *list = strsep(&rest, "|");
		for (char *word; list && *list && (word = strsep(&list, " "));)
			ARRAY_PUSH(order[i]->items, order[i]->count, order[i]->capacity, word);
	}
	struct environment environment = { .recipe = (char *)"r", .plain = (char *)"/nonexistent" };
	struct paths paths = { .stress = (char *)"/nonexistent" };
	uint64_t hash = tests_list_hash(&suite, &environment, &paths);
	for (size_t i = 0; i < LISTS; i++)
		free(order[i]->items);
	free(copy);
	return hash;
}

static void words_that_are_written_alike_side_by_side_are_other_suites(void **state)
{
	(void)state;
	static const char *const suites[] = {
		"|ab c||", "|a bc||", "|abc||", "|a b c||", /* where a word ends */
		"ab|c||",  "a|bc||",  "||abc|",             /* where a list does */
	};
	size_t count = sizeof suites / sizeof *suites;
	for (size_t i = 0; i < count; i++) {
		assert_int_equal(hash_of(suites[i]), hash_of(suites[i]));
		for (size_t k = 0; k < i; k++)
			assert_int_not_equal(hash_of(suites[i]), hash_of(suites[k]));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(words_that_are_written_alike_side_by_side_are_other_suites),
	};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
