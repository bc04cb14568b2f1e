/* covered.c - which C functions ran, out of several arenas, and what a report says of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "reports/covered.h"
#include "reports/tried.h"
#include "runner/records/cover.h"

/* Last: it defines a macro of the name of util.h's fail(). */
#include <cmocka.h>

static struct fts_arena *arena_with(const char *path, uint32_t first, uint32_t count)
{
	struct fts_arena *arena = mmap(NULL, sizeof *arena, PROT_READ | PROT_WRITE,
				       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	assert_true(arena != MAP_FAILED);
	arena->cover.module[0] = (struct fts_cover_module){ FTS_COVER_READY, first, count, "" };
	memcpy(arena->cover.module[0].path, path, strlen(path) + 1);
	return arena;
}

static void what_any_process_saw_of_a_function_counts(void **state)
{
	(void)state;
	struct cover cover = { 0 };
	uint64_t counts[COVER_KINDS];
	struct fts_arena *one = arena_with("/site/x.so", 1, 4);
	memcpy(one->cover.reached + 1, (uint8_t[]){ 0, 1, 3, 1 }, 4);
	cover_take(&cover, one);
	/* Another zygote has other numbers for the same module. */
	struct fts_arena *two = arena_with("/site/x.so", 100, 4);
	memcpy(two->cover.reached + 100, (uint8_t[]){ 0, 3, 5, 0 }, 4);
	cover_take(&cover, two);
	cover_count(&cover, counts);
	assert_int_equal(counts[COVER_NEVER], 1);
	assert_int_equal(counts[COVER_ONE_THREAD], 1);
	assert_int_equal(counts[COVER_THREADS], 1);
	assert_int_equal(counts[COVER_OBJECT], 1);
	cover_clear(&cover);
	munmap(one, sizeof *one);
	munmap(two, sizeof *two);
}

static void a_module_that_makes_no_sense_is_left_out(void **state)
{
	(void)state;
	struct cover cover = { 0 };
	uint64_t counts[COVER_KINDS];
	struct fts_arena *arena = arena_with("/site/x.so", FTS_COVER_FUNCTIONS - 1, 2);
	arena->cover.module[1] = (struct fts_cover_module){ FTS_COVER_READY, 1, 1, "" };
	memset(arena->cover.module[1].path, 'x', sizeof arena->cover.module[1].path);
	arena->cover.module[2] = (struct fts_cover_module){ FTS_COVER_CLAIMED, 1, 1, "half" };
	arena->cover.module[3] = (struct fts_cover_module){ FTS_COVER_READY, 7, 1, "good" };
	cover_take(&cover, arena);
	cover_count(&cover, counts);
	assert_int_equal(cover.count, 1);
	assert_int_equal(counts[COVER_NEVER], 1);
	cover_clear(&cover);
	munmap(arena, sizeof *arena);
}

static struct run_info info = {
	.tests_distinct = 3,
	.tests_selected = 3,
	.tests_tried = 3,
	.tests_threaded = 3,
	.covered = { .package = (char *)"box",
		     .functions = { 2, 1, 0, 1234 },
		     .types = 5,
		     .types_met = 3,
		     .types_not_made = 1,
		     .operations = 30,
		     .operations_met = 20,
		     .uncalled = 2 },
};

static char *text_of(const struct run_info *run)
{
	struct buf text = { 0 };
	buf_puts(&text, "");
	covered_add(&text, run);
	return buf_take(&text);
}

static void types_and_functions_are_told_apart_by_who_ran_them(void **state)
{
	(void)state;
	char *text = text_of(&info);
	assert_string_equal(
		text,
		"of 5 types of box 3 had two threads on one object (20 of their 30 "
		"operations; for 2 no arguments are known), 1 was never made; of 1,237 C functions 2 ran in two threads on "
		"one object, 1 in two threads with objects of their own, 0 in one thread, "
		"1,234 never");
	free(text);
	assert_false(covered_apart(&info));
}

static void functions_that_are_not_instrumented_are_not_called_unused(void **state)
{
	(void)state;
	struct run_info wheel = info;
	memset(wheel.covered.functions, 0, sizeof wheel.covered.functions);
	char *text = text_of(&wheel);
	assert_non_null(strstr(text, "C functions are not counted: they are not instrumented"));
	assert_null(strstr(text, "never;"));
	free(text);
}

static void a_run_whose_threads_never_met_says_so_and_what_to_do(void **state)
{
	(void)state;
	struct run_info alone = info;
	alone.covered.types_met = alone.covered.functions[COVER_OBJECT] = 0;
	assert_true(covered_apart(&alone));
	struct buf text = { 0 };
	covered_add_apart(&text, &alone);
	assert_string_equal(text.data, "no two threads were made to use one object of box");
	buf_clear(&text);
	assert_true(tried_add_next(&text, &alone));
	assert_non_null(strstr(text.data, "--pairs"));
	buf_free(&text);
	alone.covered.shares_itself = 1; /* scripts */
	assert_false(covered_apart(&alone));
	alone.covered.shares_itself = 0;
	alone.tests_threaded = 0; /* tests in one thread: that is said elsewhere */
	assert_false(covered_apart(&alone));
}

static void nothing_is_said_of_a_suite_without_a_package(void **state)
{
	(void)state;
	struct run_info scripts = { .tests_distinct = 1, .tests_threaded = 1 };
	struct buf text = { 0 };
	assert_false(covered_add(&text, &scripts));
	assert_false(covered_apart(&scripts));
	assert_int_equal(text.length, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_any_process_saw_of_a_function_counts),
		cmocka_unit_test(a_module_that_makes_no_sense_is_left_out),
		cmocka_unit_test(types_and_functions_are_told_apart_by_who_ran_them),
		cmocka_unit_test(functions_that_are_not_instrumented_are_not_called_unused),
		cmocka_unit_test(a_run_whose_threads_never_met_says_so_and_what_to_do),
		cmocka_unit_test(nothing_is_said_of_a_suite_without_a_package),
	};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
