/* plan.c - a plan is a function of tests and seed: each test once a pass, all draws in range. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runner/plan/plan.h"
#include "runner/setup/options.h"
#include "runner/base/util.h"

/* Last: it defines a macro of the name of util.h's fail(). */
#include <cmocka.h>

/* The first four iterations of seed 1f3a: threads, switch interval, GIL, seed: tests. */
#define GOLDEN                                                                                     \
	"5 1.01e-06 1 2954024780: 7\n"                                                             \
	"3 7.11e-05 0 1585074204: 24 16 22 20\n"                                                   \
	"4 0.000107 0 2430903194: 23 18 19 17\n"                                                   \
	"2 0.00396 0 278032370: 10 12 9 15\n"

struct suite_tests {
	struct plan_test *tests;
	size_t count;
};

/* `files` files; file number f has `f * step + 1` tests; ids are in order. */
static struct suite_tests make_tests(size_t files, size_t step)
{
	struct suite_tests made = { 0 };
	size_t capacity = 0;
	for (size_t f = 0; f < files; f++)
		for (size_t t = 0; t < f * step + 1; t++)
			ARRAY_PUSH(made.tests, made.count, capacity,
				   ((struct plan_test){
					   .id = xprintf("f%03zu.py::t%04zu", f, t),
					   .file = xprintf("f%03zu.py", f),
				   }));
	return made;
}

static void free_tests(struct suite_tests *made)
{
	for (size_t i = 0; i < made->count; i++) {
		free((char *)made->tests[i].id);
		free((char *)made->tests[i].file);
	}
	free(made->tests);
}

static struct settings defaults(void)
{
	struct settings settings;
	settings_init(&settings);
	return settings;
}

static void every_test_comes_once_in_each_pass(void **state)
{
	(void)state;
	struct suite_tests made = make_tests(40, 3);
	struct settings settings = defaults();
	struct plan *plan = plan_new(made.tests, made.count, 20);
	size_t slices = plan_slices(plan);
	for (uint64_t pass = 0; pass < 3; pass++) {
		unsigned char *seen = xcalloc(made.count, 1);
		for (size_t k = 0; k < slices; k++) {
			struct trial_plan trial;
			plan_trial(plan, &settings,
				   (struct replay_token){ 7, k, pass * slices + k, false, 0 },
				   &trial);
			for (size_t i = 0; i < trial.test_count; i++)
				assert_int_equal(seen[trial.tests[i]]++, 0);
			trial_plan_clear(&trial);
		}
		for (size_t i = 0; i < made.count; i++)
			assert_int_equal(seen[i], 1);
		free(seen);
	}
	plan_free(plan);
	free_tests(&made);
	settings_clear(&settings);
}

static void a_slice_is_never_longer_than_asked_and_whole_ones_share_a_file(void **state)
{
	(void)state;
	struct suite_tests made = make_tests(30, 7);
	struct settings settings = defaults();
	struct plan *plan = plan_new(made.tests, made.count, 16);
	size_t mixed = 0, slices = plan_slices(plan);
	for (size_t k = 0; k < slices; k++) {
		struct trial_plan trial;
		plan_trial(plan, &settings, (struct replay_token){ 1, k, k, false, 0 }, &trial);
		assert_in_range(trial.test_count, 1, 16);
		const char *file = made.tests[trial.tests[0]].file;
		bool one_file = true;
		for (size_t i = 1; i < trial.test_count; i++)
			one_file = one_file && !strcmp(made.tests[trial.tests[i]].file, file);
		mixed += !one_file;
		trial_plan_clear(&trial);
	}
	/* 30 remainders of at most 15 tests need at most 30 bins, all others are whole. */
	assert_in_range(mixed, 1, 30);
	assert_true(slices <= made.count / 16 + 30);
	plan_free(plan);
	free_tests(&made);
	settings_clear(&settings);
}

static void a_lower_stage_comes_first_in_each_pass(void **state)
{
	(void)state;
	struct suite_tests made = make_tests(9, 5);
	struct settings settings = defaults();
	for (size_t i = 0; i < made.count; i++)
		made.tests[i].stage = (unsigned)(i * 7 % 3);
	struct plan *plan = plan_new(made.tests, made.count, 6);
	size_t slices = plan_slices(plan);
	for (uint64_t pass = 0; pass < 3; pass++) {
		unsigned last = 0;
		size_t seen = 0;
		for (size_t s = 0; s < slices; s++) {
			struct trial_plan trial;
			plan_trial(plan, &settings,
				   (struct replay_token){ 1, s, pass * slices + s, false, 0 },
				   &trial);
			for (size_t i = 0; i < trial.test_count; i++) {
				unsigned stage = made.tests[trial.tests[i]].stage;
				assert_true(stage >= last);
				last = stage;
				seen++;
			}
			trial_plan_clear(&trial);
		}
		assert_int_equal(last, 2);
		assert_int_equal(seen, made.count);
	}
	plan_free(plan);
	free_tests(&made);
	settings_clear(&settings);
}

static void small_files_are_packed_together(void **state)
{
	(void)state;
	struct suite_tests made = make_tests(60, 0); /* 60 files with one test each */
	struct plan *plan = plan_new(made.tests, made.count, 20);
	assert_int_equal(plan_slices(plan), 3);
	plan_free(plan);
	free_tests(&made);
}

/* The plan as text, as --plan prints it. */
static char *plan_text(uint64_t seed, uint64_t first_slice, const struct settings *settings)
{
	struct suite_tests made = make_tests(5, 2);
	struct plan *plan = plan_new(made.tests, made.count, 4);
	struct buf text = { 0 };
	for (uint64_t n = 0; n < 4; n++) {
		struct trial_plan trial;
		plan_trial(plan, settings,
			   (struct replay_token){ seed, n, first_slice + n, false, 0 }, &trial);
		buf_printf(&text, "%u %g %d %u:", trial.threads, trial.switch_interval, trial.gil,
			   trial.seed);
		for (size_t i = 0; i < trial.test_count; i++)
			buf_printf(&text, " %zu", trial.tests[i]);
		buf_puts(&text, "\n");
		trial_plan_clear(&trial);
	}
	plan_free(plan);
	free_tests(&made);
	return buf_take(&text);
}

static void the_same_seed_gives_the_same_plan_on_every_machine(void **state)
{
	(void)state;
	struct settings settings = defaults();
	char *text = plan_text(0x1f3a, 0, &settings);
	assert_string_equal(text, GOLDEN);
	free(text);
	settings_clear(&settings);
}

static void another_seed_changes_the_draws_and_not_the_slices(void **state)
{
	(void)state;
	struct settings settings = defaults();
	char *one = plan_text(1, 0, &settings), *two = plan_text(2, 0, &settings);
	assert_string_not_equal(one, two);
	char *line_one = one, *line_two = two;
	for (size_t n = 0; n < 4; n++) {
		const char *a = strchr(strsep(&line_one, "\n"), ':');
		const char *b = strchr(strsep(&line_two, "\n"), ':');
		assert_string_equal(a, b);
	}
	free(one);
	free(two);
	settings_clear(&settings);
}

static void a_later_start_goes_on_in_the_deck(void **state)
{
	(void)state;
	struct settings settings = defaults();
	char *all = plan_text(1, 0, &settings), *later = plan_text(1, 2, &settings);
	/* Slice 2 is the third of the one and the first of the other. */
	const char *third = strchr(strchr(strchr(all, '\n') + 1, '\n') + 1, ':');
	const char *first = strchr(later, ':');
	size_t length = strcspn(third, "\n");
	assert_int_equal(length, strcspn(first, "\n"));
	assert_memory_equal(third, first, length);
	free(all);
	free(later);
	settings_clear(&settings);
}

static void all_draws_are_in_range_and_use_it(void **state)
{
	(void)state;
	struct suite_tests made = make_tests(1, 0);
	struct settings settings = defaults();
	struct plan *plan = plan_new(made.tests, made.count, 20);
	size_t by_threads[9] = { 0 }, with_gil = 0, below_geometric_mean = 0;
	enum { N = 8000 };
	for (uint64_t n = 0; n < N; n++) {
		struct trial_plan trial;
		plan_trial(plan, &settings, (struct replay_token){ 99, n, 0, false, 0 }, &trial);
		assert_in_range(trial.threads, 2, 8);
		assert_true(trial.switch_interval >= 1e-6 && trial.switch_interval <= 5e-3);
		by_threads[trial.threads]++;
		with_gil += trial.gil;
		below_geometric_mean += trial.switch_interval < 7.07e-5;
		trial_plan_clear(&trial);
	}
	for (size_t t = 2; t <= 8; t++)
		assert_in_range(by_threads[t], N / 7 - 150, N / 7 + 150);
	assert_in_range(with_gil, N / 8 - 150, N / 8 + 150);
	assert_in_range(below_geometric_mean, N / 2 - 250, N / 2 + 250);
	plan_free(plan);
	free_tests(&made);
	settings_clear(&settings);
}

static void a_fixed_thread_count_changes_nothing_else(void **state)
{
	(void)state;
	struct suite_tests made = make_tests(3, 1);
	struct settings ranged = defaults(), fixed = defaults();
	fixed.threads_min = fixed.threads_max = 4;
	struct plan *plan = plan_new(made.tests, made.count, 20);
	for (uint64_t n = 0; n < 50; n++) {
		struct trial_plan a, b;
		plan_trial(plan, &ranged, (struct replay_token){ 5, n, n, false, 0 }, &a);
		plan_trial(plan, &fixed, (struct replay_token){ 5, n, n, false, 0 }, &b);
		assert_int_equal(b.threads, 4);
		assert_int_equal(a.seed, b.seed);
		assert_int_equal(a.gil, b.gil);
		assert_memory_equal(&a.switch_interval, &b.switch_interval, sizeof(double));
		trial_plan_clear(&a);
		trial_plan_clear(&b);
	}
	plan_free(plan);
	free_tests(&made);
	settings_clear(&ranged);
	settings_clear(&fixed);
}

static void the_gil_can_be_asked_for_and_ruled_out(void **state)
{
	(void)state;
	struct suite_tests made = make_tests(1, 0);
	struct settings settings = defaults();
	struct plan *plan = plan_new(made.tests, made.count, 20);
	for (uint64_t n = 0; n < 100; n++) {
		struct trial_plan trial;
		settings.gil = n % 2 ? GIL_ON : GIL_OFF;
		plan_trial(plan, &settings, (struct replay_token){ 5, n, n, false, 0 }, &trial);
		assert_int_equal(trial.gil, n % 2);
		trial_plan_clear(&trial);
	}
	plan_free(plan);
	free_tests(&made);
	settings_clear(&settings);
}

/* How many of N trials take turns; `with_gil` counts those of them that have the GIL. */
static size_t turns_of(const struct settings *settings, size_t n, size_t *with_gil)
{
	struct suite_tests made = make_tests(1, 0);
	struct plan *plan = plan_new(made.tests, made.count, 20);
	size_t turns = 0;
	*with_gil = 0;
	for (uint64_t i = 0; i < n; i++) {
		struct trial_plan trial;
		plan_trial(plan, settings, (struct replay_token){ 11, i, 0, false, 0 }, &trial);
		bool in_turns = trial.schedule == SCHEDULE_TURNS;
		turns += in_turns;
		*with_gil += in_turns && trial.gil;
		trial_plan_clear(&trial);
	}
	plan_free(plan);
	free_tests(&made);
	return turns;
}

static void the_schedule_can_be_asked_for_and_is_mixed_by_halves(void **state)
{
	(void)state;
	enum { N = 4000 };
	struct settings settings = defaults();
	size_t with_gil;
	settings.order = ORDER_MEANT;
	assert_int_equal(settings.schedule, SCHEDULE_MIXED);
	size_t off = N - N / 8; /* with the GIL, threads overlap */
	assert_in_range(turns_of(&settings, N, &with_gil), off / 2 - 150, off / 2 + 150);
	assert_int_equal(with_gil, 0);
	settings.gil = GIL_OFF;
	settings.schedule = SCHEDULE_TURNS;
	assert_int_equal(turns_of(&settings, N, &with_gil), N);
	settings.schedule = SCHEDULE_OVERLAP;
	assert_int_equal(turns_of(&settings, N, &with_gil), 0);
	settings_clear(&settings);
}

static void threads_overlap_with_the_gil_and_where_turns_show_nothing(void **state)
{
	(void)state;
	struct settings settings = defaults();
	size_t with_gil;
	settings.order = ORDER_AS_WRITTEN; /* mixed: all overlap */
	assert_int_equal(turns_of(&settings, 500, &with_gil), 0);
	settings.gil = GIL_ON;
	settings.order = ORDER_MEANT;
	settings.schedule = SCHEDULE_TURNS;
	assert_int_equal(turns_of(&settings, 500, &with_gil), 0);
	settings_clear(&settings);
}

/* With three slices: the first three iterations, then numbers 4, 8, ... */
static void variables_are_looked_at_the_first_time_and_then_in_one_of_four(void **state)
{
	(void)state;
	struct suite_tests suite = make_tests(60, 0);
	struct plan *plan = plan_new(suite.tests, suite.count, 20);
	struct settings settings = { .threads_min = 2, .threads_max = 2 };
	assert_int_equal(plan_slices(plan), 3);
	for (unsigned every = 0; every < 6; every++) {
		settings.python_races = every ? PYTHON_RACES_TESTS : 0;
		settings.python_races_every = every;
		for (uint64_t i = 0; i < 40; i++) {
			struct trial_plan trial;
			/* A run that goes on in the deck begins anew. */
			struct replay_token token = { .seed = 5, .iteration = i, .slice = 100 + i };
			plan_trial(plan, &settings, token, &trial);
			bool looked_at = every && (i < 3 || i % every == 0);
			assert_int_equal(trial.python_races, looked_at);
			trial_plan_clear(&trial);
		}
	}
	plan_free(plan);
	free_tests(&suite);
}

static void the_schedule_changes_nothing_else_and_a_token_repeats_it(void **state)
{
	(void)state;
	struct suite_tests made = make_tests(3, 1);
	struct settings mixed = defaults(), overlap = defaults();
	mixed.order = overlap.order = ORDER_MEANT;
	overlap.schedule = SCHEDULE_OVERLAP;
	struct plan *plan = plan_new(made.tests, made.count, 20);
	for (uint64_t n = 0; n < 50; n++) {
		struct trial_plan a, b, again;
		plan_trial(plan, &mixed, (struct replay_token){ 5, n, n, false, 0 }, &a);
		plan_trial(plan, &overlap, (struct replay_token){ 5, n, n, false, 0 }, &b);
		plan_trial(plan, &mixed, (struct replay_token){ 5, n, n, false, 0 }, &again);
		assert_int_equal(a.seed, b.seed);
		assert_int_equal(a.gil, b.gil);
		assert_int_equal(a.threads, b.threads);
		assert_int_equal(a.schedule, again.schedule);
		trial_plan_clear(&a);
		trial_plan_clear(&b);
		trial_plan_clear(&again);
	}
	plan_free(plan);
	free_tests(&made);
	settings_clear(&mixed);
	settings_clear(&overlap);
}

/* Slice number `slice` as the plan has it. */
static struct trial_plan slice_of(struct plan *plan, uint64_t slice)
{
	struct settings settings = defaults();
	struct trial_plan trial;
	plan_trial(plan, &settings, (struct replay_token){ 1, 0, slice, false, 0 }, &trial);
	settings_clear(&settings);
	return trial;
}

static void what_was_left_over_comes_with_the_slice_it_was_left_over_in(void **state)
{
	(void)state;
	struct suite_tests made = make_tests(12, 3);
	struct settings settings = defaults();
	struct plan *plan = plan_new(made.tests, made.count, 10);
	size_t slices = plan_slices(plan);
	uint64_t start = slices + 2; /* two slices of the second deck were run */
	struct trial_plan old = slice_of(plan, slices - 1), last = slice_of(plan, slices + 1);
	struct trial_plan to_come = slice_of(plan, start);
	/* The ends of two slices, and what has not come in any deck but the first. */
	size_t tests[] = { last.tests[last.test_count - 1], last.tests[0],
			   old.tests[old.test_count - 1], to_come.tests[0] };
	struct leftover *leftovers;
	size_t count = plan_leftovers(plan, start, tests, 4, &leftovers), seen = 0;
	for (size_t i = 0; i < count; i++) {
		assert_true(leftovers[i].slice < start);
		assert_true(i == 0 || leftovers[i].slice > leftovers[i - 1].slice);
		struct trial_plan whole = slice_of(plan, leftovers[i].slice), part;
		struct plan_start begin = { 1, start - count, leftovers, count };
		struct replay_token token = plan_iteration(plan, &settings, &begin, i, &part);
		assert_int_equal(token.slice, leftovers[i].slice);
		/* A part of the slice that the token names, in its order. */
		size_t at = 0;
		for (size_t k = 0; k < whole.test_count && at < part.test_count; k++)
			at += whole.tests[k] == part.tests[at];
		assert_int_equal(at, part.test_count);
		seen += part.test_count;
		trial_plan_clear(&whole);
		trial_plan_clear(&part);
	}
	assert_int_equal(seen, 4);
	/* Behind them the deck goes on. */
	struct plan_start begin = { 1, start - count, leftovers, count };
	struct trial_plan next;
	assert_int_equal(plan_iteration(plan, &settings, &begin, count, &next).slice, start);
	assert_int_equal(next.test_count, to_come.test_count);
	trial_plan_clear(&next);
	leftovers_clear(leftovers, count);
	/* Nothing can be left over before anything has run. */
	assert_int_equal(plan_leftovers(plan, 0, tests, 4, &leftovers), 0);
	leftovers_clear(leftovers, 0);
	trial_plan_clear(&old);
	trial_plan_clear(&last);
	trial_plan_clear(&to_come);
	plan_free(plan);
	free_tests(&made);
	settings_clear(&settings);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_test_comes_once_in_each_pass),
		cmocka_unit_test(a_slice_is_never_longer_than_asked_and_whole_ones_share_a_file),
		cmocka_unit_test(a_lower_stage_comes_first_in_each_pass),
		cmocka_unit_test(small_files_are_packed_together),
		cmocka_unit_test(the_same_seed_gives_the_same_plan_on_every_machine),
		cmocka_unit_test(another_seed_changes_the_draws_and_not_the_slices),
		cmocka_unit_test(a_later_start_goes_on_in_the_deck),
		cmocka_unit_test(all_draws_are_in_range_and_use_it),
		cmocka_unit_test(a_fixed_thread_count_changes_nothing_else),
		cmocka_unit_test(the_gil_can_be_asked_for_and_ruled_out),
		cmocka_unit_test(what_was_left_over_comes_with_the_slice_it_was_left_over_in),
		cmocka_unit_test(the_schedule_can_be_asked_for_and_is_mixed_by_halves),
		cmocka_unit_test(threads_overlap_with_the_gil_and_where_turns_show_nothing),
		cmocka_unit_test(variables_are_looked_at_the_first_time_and_then_in_one_of_four),
		cmocka_unit_test(the_schedule_changes_nothing_else_and_a_token_repeats_it),
	};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
