/* matrix.c - tests of pairs become tables, one a type. */
/* Before cmocka, whose fail() is a macro. */
#include "runner/base/util.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "runner/model/matrix.h"

static void release(struct matrix *matrix, struct run_type *types, size_t count)
{
	for (size_t i = 0; i < count; i++)
		run_type_clear(&types[i]);
	free(types);
	matrix_free(matrix);
}

static char state(const struct run_type *type, const char *a, const char *b)
{
	size_t at[2] = { 0 };
	for (size_t i = 0; i < type->operation_count; i++) {
		if (strcmp(type->operations[i], a) == 0)
			at[0] = i;
		if (strcmp(type->operations[i], b) == 0)
			at[1] = i;
	}
	return type->states[at[0] * type->operation_count + at[1]];
}

static void a_cell_shows_the_worst_of_its_tests(void **unused)
{
	(void)unused;
	struct matrix *matrix = matrix_new();
	struct finding race = { .id = (char *)"data-race-1", .kind = FINDING_DATA_RACE };
	struct finding crash = { .id = (char *)"crash-1", .kind = FINDING_CRASH };
	matrix_test(matrix, "m.T::add|pop", CELL_CLEAN);
	matrix_test(matrix, "m.T::add|add", CELL_NOT_RUN);
	matrix_test(matrix, "m.T::pop|pop", CELL_NOT_EXERCISED);
	matrix_test(matrix, "m.T::pop;add|get", CELL_CLEAN);
	matrix_finding(matrix, "m.T::add|pop", &crash);
	matrix_finding(matrix, "m.T::add|pop", &race);
	matrix_finding(matrix, "m.T::pop;add|get", &race);
	size_t count;
	struct run_type *types = matrix_take(matrix, &count);
	assert_int_equal(count, 1);
	assert_string_equal(types[0].name, "m.T");
	assert_int_equal(types[0].operation_count, 3);
	assert_int_equal(state(&types[0], "add", "pop"), 'C');
	assert_int_equal(state(&types[0], "pop", "add"), 'C');
	assert_int_equal(state(&types[0], "add", "add"), ' ');
	assert_int_equal(state(&types[0], "pop", "pop"), '?');
	assert_int_equal(state(&types[0], "get", "pop"), 'r');
	assert_int_equal(types[0].by_state[CELL_CRASH], 1);
	assert_int_equal(types[0].by_state[CELL_RACE], 1);
	assert_int_equal(types[0].cell_count, 2);
	release(matrix, types, count);
}

static void what_is_apart_is_known_and_what_was_made_is_known_better(void **unused)
{
	(void)unused;
	struct matrix *matrix = matrix_new();
	matrix_test(matrix, "m.T::get|get", CELL_NOT_RUN);
	matrix_test(matrix, "m.T::get|get", CELL_APART);
	matrix_test(matrix, "m.T::add|get", CELL_APART);
	matrix_test(matrix, "m.T::pop;add|get", CELL_CLEAN);
	matrix_test(matrix, "m.T::pop|get", CELL_NOT_EXERCISED);
	size_t count;
	struct run_type *types = matrix_take(matrix, &count);
	assert_int_equal(count, 1);
	assert_int_equal(state(&types[0], "get", "get"), '-');
	assert_int_equal(state(&types[0], "add", "get"), '-');
	assert_int_equal(state(&types[0], "pop", "get"), '.');
	assert_int_equal(types[0].by_state[CELL_APART], 2);
	release(matrix, types, count);
}

static void what_is_ordered_is_less_than_clean_and_no_finding(void **unused)
{
	(void)unused;
	struct matrix *matrix = matrix_new();
	struct finding race = { .id = (char *)"data-race-1", .kind = FINDING_DATA_RACE };
	matrix_test(matrix, "m.T::copy|copy", CELL_CLEAN);
	matrix_ordered(matrix, "m.T::copy|copy", "the lock of all types");
	matrix_ordered(matrix, "m.T::copy#2|copy", "the lock of all types");
	matrix_test(matrix, "m.T::copy|copy", CELL_CLEAN); /* with other arguments, say */
	matrix_ordered(matrix, "m.T::copy|get", "the lock of all types");
	matrix_finding(matrix, "m.T::copy|get", &race);
	matrix_ordered(matrix, "no pair", "the lock of all types");
	size_t count;
	struct run_type *types = matrix_take(matrix, &count);
	assert_int_equal(count, 1);
	assert_int_equal(state(&types[0], "copy", "copy"), '~');
	assert_int_equal(state(&types[0], "copy", "get"), 'r');
	assert_int_equal(types[0].by_state[CELL_ORDERED], 2);
	assert_int_equal(types[0].order_count, 2);
	assert_string_equal(types[0].orders[0].by, "the lock of all types");
	release(matrix, types, count);
}

static void a_call_on_a_relative_counts_for_its_operation(void **unused)
{
	(void)unused;
	struct matrix *matrix = matrix_new();
	struct finding race = { .id = (char *)"data-race-1", .kind = FINDING_DATA_RACE };
	matrix_test(matrix, "m.T::add|get", CELL_CLEAN);
	matrix_test(matrix, "m.T::add|copy>get", CELL_CLEAN);
	assert_false(matrix_has_finding(matrix, "m.T::add|get"));
	matrix_finding(matrix, "m.T::add|copy>get", &race);
	assert_true(matrix_has_finding(matrix, "m.T::add|get"));
	size_t count;
	struct run_type *types = matrix_take(matrix, &count);
	assert_int_equal(types[0].operation_count, 2);
	assert_int_equal(state(&types[0], "add", "get"), 'r');
	release(matrix, types, count);
}

static void objects_made_in_other_ways_count_for_their_type(void **unused)
{
	(void)unused;
	struct matrix *matrix = matrix_new();
	struct finding race = { .id = (char *)"data-race-1", .kind = FINDING_DATA_RACE };
	matrix_test(matrix, "m.T[object]::add|get", CELL_CLEAN);
	matrix_test(matrix, "m.T[object]@2::add|get", CELL_CLEAN);
	matrix_finding(matrix, "m.T[object]@2::add|get", &race);
	assert_int_equal(matrix_type_length("m.T@3::matmul|get"), 3);
	assert_int_equal(matrix_type_length("m.T::a@b|get"), 3);
	size_t count;
	struct run_type *types = matrix_take(matrix, &count);
	assert_int_equal(count, 1);
	assert_string_equal(types[0].name, "m.T[object]");
	assert_int_equal(state(&types[0], "add", "get"), 'r');
	release(matrix, types, count);
	char *tests[] = { (char *)"m.T[object]::add|get" };
	race.tests = tests;
	race.test_count = 1;
	assert_int_equal(matrix_type_of(&race), 3); /* its code is the type's */
}

static void a_race_is_told_with_the_type_whose_memory_it_is_on(void **unused)
{
	(void)unused;
	const char *tests[] = { "builtins.map::next|next", "m.my_iterator::next|list",
				"builtins.my_iterator@2::next|list", "builtins.my_iterator::a|b" };
	struct finding race = { .kind = FINDING_DATA_RACE,
				.subject = { .kind = SUBJECT_OBJECT, .type = (char *)"iterator" },
				.tests = (char **)tests,
				.test_count = 4 };
	assert_false(matrix_owner_first(&race));
	assert_string_equal(race.tests[0], "builtins.map::next|next");
	race.subject.type = (char *)"my_iterator";
	assert_true(matrix_owner_first(&race));
	assert_string_equal(race.tests[0], "m.my_iterator::next|list");
	assert_string_equal(race.tests[1], "builtins.map::next|next");
	assert_false(matrix_owner_first(&race));
	race.subject.type = (char *)"builtins.my_iterator";
	assert_true(matrix_owner_first(&race));
	assert_string_equal(race.tests[0], "builtins.my_iterator@2::next|list");
	assert_true(matrix_is_owners(&race, "builtins.my_iterator[x]@2::next|list"));
	assert_int_equal(matrix_fit(&race, "builtins.my_iterator::next|next"), 2);
	race.subject.kind = SUBJECT_BLOCK;
	assert_false(matrix_is_owners(&race, race.tests[0]));
	assert_int_equal(matrix_fit(&race, "builtins.my_iterator::next|next"), 1);
	assert_int_equal(matrix_fit(&race, "builtins.my_iterator[x]@2::next|next"), 1);
	assert_int_equal(matrix_fit(&race, "builtins.my_iterators::next|next"), 0);
	assert_int_equal(matrix_fit(&race, "m.my_iterator::next|list"), 0);
	assert_int_equal(matrix_fit(&race, NULL), 1);
	race.test_count = 0;
	assert_int_equal(matrix_fit(&race, "m.my_iterator::next|list"), 1);
}

static void each_type_has_a_table(void **unused)
{
	(void)unused;
	struct matrix *matrix = matrix_new();
	matrix_test(matrix, "m.U::a|b", CELL_CLEAN);
	matrix_test(matrix, "m.T::a|a", CELL_CLEAN);
	size_t count;
	struct run_type *types = matrix_take(matrix, &count);
	assert_int_equal(count, 2);
	assert_string_equal(types[0].name, "m.T");
	assert_string_equal(types[1].name, "m.U");
	release(matrix, types, count);
}

static void other_tests_are_no_pairs(void **unused)
{
	(void)unused;
	struct matrix *matrix = matrix_new();
	matrix_test(matrix, "tests/test_a.py::test_b[x|y]", CELL_CLEAN);
	matrix_test(matrix, "test.test_dict.DictTest.test_get", CELL_CLEAN);
	size_t count;
	struct run_type *types = matrix_take(matrix, &count);
	assert_int_equal(count, 0);
	release(matrix, types, count);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_cell_shows_the_worst_of_its_tests),
		cmocka_unit_test(what_is_apart_is_known_and_what_was_made_is_known_better),
		cmocka_unit_test(what_is_ordered_is_less_than_clean_and_no_finding),
		cmocka_unit_test(a_call_on_a_relative_counts_for_its_operation),
		cmocka_unit_test(objects_made_in_other_ways_count_for_their_type),
		cmocka_unit_test(a_race_is_told_with_the_type_whose_memory_it_is_on),
		cmocka_unit_test(each_type_has_a_table),
		cmocka_unit_test(other_tests_are_no_pairs),
	};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
