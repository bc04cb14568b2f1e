/* history.c - a finding is fixed only when its tests had enough turns without it. */
/* Before cmocka, whose fail() is a macro. */
#include "runner/base/util.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "runner/model/enough.h"
#include "runner/model/rate.h"
#include "runner/run/history.h"

static char ways[] = "schedule mixed", gate[] = "schedule whole-turns", unknown[] = "";

static void enough_is_what_would_come_once_in_twenty_times(void **state)
{
	(void)state;
	/* All seen ones in front: 1 of C(7, 2) = 21 ways for 2 of 2 and 5 more. */
	assert_true(enough_chance(2, 2, 5) > 1 / 21.0001 && enough_chance(2, 2, 5) < 1 / 20.9999);
	assert_true(enough_chance(0, 9, 100) == 1);
	assert_true(enough_chance(9, 9, 0) == 1);
	static const struct {
		uint64_t seen, before, turns;
	} cases[] = { { 1, 1, 19 },    { 1, 2, 38 },    { 2, 2, 5 },  { 3, 3, 3 },
		      { 10, 100, 34 }, { 100, 100, 1 }, { 0, 10, 0 }, { 1, 0, 0 } };
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		assert_int_equal(enough_turns(cases[i].seen, cases[i].before), cases[i].turns);
	/* The turn before is not enough. */
	assert_true(enough_chance(10, 100, 33) > 0.05);
}

static struct store_sighting run(int64_t number, uint64_t turns, uint64_t seen)
{
	return (struct store_sighting){ .run = number,
					.state = RUN_FINISHED,
					.iterations = turns,
					.turns = turns,
					.seen = seen,
					.ways = ways };
}

static void what_the_last_run_saw_is_there(void **state)
{
	(void)state;
	const struct store_sighting runs[] = { run(1, 10, 0), run(2, 10, 1) };
	struct history history = history_of(runs, 2, 0, 0);
	assert_int_equal(history.fate, FATE_PRESENT);
	assert_int_equal(history.seen, 1);
	assert_int_equal(history.before, 20);
	assert_int_equal(history.first, 2);
}

static void too_few_turns_say_how_many_are_missing(void **state)
{
	(void)state;
	const struct store_sighting runs[] = { run(1, 2, 2), run(2, 3, 0) };
	struct history history = history_of(runs, 2, 0, 0);
	struct buf text = { 0 };
	assert_int_equal(history.fate, FATE_GONE);
	assert_int_equal(history.needed, 5);
	assert_int_equal(history.iterations, 2);
	history_add(&text, &history);
	assert_non_null(
		strstr(text.data, "2 of 2 turns of its tests up to run 1, and in none of 3"));
	assert_non_null(strstr(text.data, "5 would be enough at 95 %, which are about 2 more"));
	buf_free(&text);
}

/* Values of Wilson's interval as statistics packages give them. */
static void a_rate_lies_between_two_shares(void **state)
{
	(void)state;
	static const struct {
		uint64_t seen, turns;
		double low, high;
	} cases[] = {
		{ 2, 100, 0.0055, 0.0700 },  { 0, 10, 0, 0.2775 }, { 10, 10, 0.7225, 1 },
		{ 50, 100, 0.4038, 0.5962 }, { 3, 1, 0.2065, 1 }, /* never more than there were */
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct rate_interval rate = rate_of(cases[i].seen, cases[i].turns);
		assert_true(rate.low > cases[i].low - 1e-4 && rate.low < cases[i].low + 1e-4);
		assert_true(rate.high > cases[i].high - 1e-4 && rate.high < cases[i].high + 1e-4);
	}
}

static void enough_turns_of_several_runs_make_it_fixed(void **state)
{
	(void)state;
	const struct store_sighting runs[] = { run(1, 2, 2), run(2, 3, 0), run(3, 2, 0) };
	assert_int_equal(history_of(runs, 3, 0, 0).fate, FATE_FIXED);
	assert_int_equal(history_of(runs, 3, 2, 0).fate, FATE_GONE);
	assert_int_equal(history_of(runs, 3, 3, 3).after, 2);
}

static void a_run_in_another_way_is_no_proof(void **state)
{
	(void)state;
	struct store_sighting runs[] = { run(1, 2, 2), run(2, 50, 0), run(3, 50, 0), run(4, 0, 0) };
	runs[1].ways = gate;
	runs[2].ways = unknown; /* it was cut off */
	struct history history = history_of(runs, 4, 0, 0);
	assert_int_equal(history.fate, FATE_GONE);
	assert_int_equal(history.after, 0);
	assert_int_equal(history.otherwise, 2);
}

static void what_comes_back_is_told(void **state)
{
	(void)state;
	const struct store_sighting runs[] = { run(1, 2, 2), run(2, 5, 0), run(3, 1, 1) };
	struct history history = history_of(runs, 3, 0, 0);
	assert_int_equal(history.fate, FATE_PRESENT);
	assert_int_equal(history.back, 3);
	const struct store_sighting soon[] = { run(1, 2, 2), run(2, 4, 0), run(3, 1, 1) };
	assert_int_equal(history_of(soon, 3, 0, 0).back, 0);
}

static void without_counts_nothing_is_claimed(void **state)
{
	(void)state;
	const struct store_sighting runs[] = { run(1, 0, 3), run(2, 9, 0) };
	assert_int_equal(history_of(runs, 2, 0, 0).fate, FATE_UNKNOWN);
	assert_int_equal(history_of(runs + 1, 1, 0, 0).fate, FATE_UNKNOWN);
}

/* A run that repeated what had shown it. */
static struct store_sighting repeated(int64_t number, uint64_t tries, uint64_t needed,
				      uint64_t seen)
{
	struct store_sighting one = run(number, 0, seen);
	one.ways = unknown;
	one.tries = tries;
	one.needed = needed;
	return one;
}

static void what_was_repeated_often_enough_without_it_is_fixed_until_it_is_seen_again(void **state)
{
	(void)state;
	struct buf text = { 0 };
	const struct store_sighting runs[] = { run(1, 2, 2), repeated(2, 5, 0, 5),
					       repeated(3, 4, 4, 0), repeated(4, 1, 4, 1) };
	struct history history = history_of(runs, 3, 0, 0);
	assert_int_equal(history.fate, FATE_FIXED);
	assert_int_equal(history.verified, 3);
	history_add(&text, &history);
	assert_non_null(strstr(text.data, "fixed, at 95 %: run 3 (ftstress verify-fix) repeated"));
	buf_free(&text);
	history = history_of(runs, 4, 0, 0);
	assert_int_equal(history.fate, FATE_PRESENT);
	assert_int_equal(history.back, 4);
	assert_int_equal(history.since, 4);
	/* Not often enough; and not asked for that. */
	const struct store_sighting few[] = { run(1, 2, 2), repeated(2, 3, 4, 0),
					      repeated(3, 20, 0, 0) };
	assert_int_equal(history_of(few, 3, 0, 0).fate, FATE_PRESENT);
}

/* How its tests ran before it was repeated still counts. */
static void a_repetition_does_not_take_the_turns_away(void **state)
{
	(void)state;
	const struct store_sighting runs[] = { run(1, 2, 2), repeated(2, 5, 0, 5), run(3, 5, 0) };
	struct history history = history_of(runs, 3, 0, 0);
	assert_int_equal(history.last, 2);
	assert_int_equal(history.counted, 1);
	assert_int_equal(history.fate, FATE_FIXED);
}

int main(void)
{
	const struct CMUnitTest all[] = {
		cmocka_unit_test(enough_is_what_would_come_once_in_twenty_times),
		cmocka_unit_test(what_the_last_run_saw_is_there),
		cmocka_unit_test(too_few_turns_say_how_many_are_missing),
		cmocka_unit_test(a_rate_lies_between_two_shares),
		cmocka_unit_test(enough_turns_of_several_runs_make_it_fixed),
		cmocka_unit_test(a_run_in_another_way_is_no_proof),
		cmocka_unit_test(what_comes_back_is_told),
		cmocka_unit_test(without_counts_nothing_is_claimed),
		cmocka_unit_test(
			what_was_repeated_often_enough_without_it_is_fixed_until_it_is_seen_again),
		cmocka_unit_test(a_repetition_does_not_take_the_turns_away),
	};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(all, NULL, NULL);
}
