/* again.c - what has shown a finding is found by name, and the finding is known again, and nothing else is. */
/* Before cmocka, whose fail() is a macro. */
#include "runner/base/util.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "runner/model/rate.h"
#include "runner/run/alone.h"
#include "runner/run/ways.h"

/* ---- rates ---- */

static void a_rate_has_wilsons_interval(void **state)
{
	(void)state;
	/* 14 of 20: E. B. Wilson's formula by hand gives 0.4810 and 0.8545. */
	struct rate_interval rate = rate_of(14, 20);
	assert_true(rate.low > 0.4809 && rate.low < 0.4811);
	assert_true(rate.high > 0.8544 && rate.high < 0.8546);
	assert_true(rate_of(0, 20).low <= 0 && rate_of(0, 20).high < 0.17);
	assert_true(rate_of(20, 20).high >= 1 && rate_of(20, 20).low > 0.83);
	assert_true(rate_of(0, 0).low <= 0 && rate_of(0, 0).high >= 1);
	struct buf text = { 0 };
	rate_add(&text, 14, 20);
	assert_string_equal(text.data, "14 of 20 tries (48 to 86 % at 95 %)");
	buf_free(&text);
}

static void so_many_tries_would_have_shown_it(void **state)
{
	(void)state;
	assert_int_equal(rate_tries(0.05), 59);
	assert_int_equal(rate_tries(0.5), 5);
	assert_int_equal(rate_tries(0.95), 1);
	assert_int_equal(rate_tries(1), 1);
	assert_int_equal(rate_tries(0), 0);
}

/* ---- ways ---- */

static const struct plan_test before[] = { { "t.py::a", "t.py", 0 },
					   { "t.py::b", "t.py", 0 },
					   { "t.py::c", "t.py", 0 } };
static const struct plan_test after[] = { { "t.py::a", "t.py", 0 },
					  { "t.py::aa", "t.py", 0 },
					  { "t.py::b", "t.py", 0 },
					  { "t.py::d", "t.py", 0 } };

struct field {
	struct settings settings;
	struct plan *plan;
	struct ways ways;
};

static void begin(struct field *field, const struct plan_test *tests, size_t count,
		  const struct store_witness *witnesses, size_t witness_count)
{
	*field = (struct field){ .settings = { .threads_min = 2,
					       .threads_max = 4,
					       .interval_min = 1e-3,
					       .interval_max = 1e-3,
					       .order = ORDER_MEANT,
					       .slice = 20 } };
	field->plan = plan_new(tests, count, 20);
	ways_init(&field->ways, field->plan, &field->settings, tests, count, witnesses,
		  witness_count);
}

static void end(struct field *field)
{
	ways_clear(&field->ways);
	plan_free(field->plan);
}

static struct store_witness witness(int64_t run, const char *token, const char *test)
{
	return (struct store_witness){ run, (char *)token, (char *)test, 1 };
}

static void its_test_is_tried_alone_then_with_the_others_then_with_other_seeds(void **state)
{
	(void)state;
	const struct store_witness seen[] = { witness(7, "5.2.0", "t.py::b"),
					      witness(6, "9.1.0", "t.py::c") };
	const struct hunt_result missed = { .ran = true }, hit = { .ran = true, .seen = true };
	struct field field;
	struct hunt_try next = { 0 };
	begin(&field, before, 3, seen, 2);
	assert_true(ways_next(&field.ways, &next));
	assert_int_equal(next.test_count, 1);
	assert_string_equal(before[next.tests[0]].id, "t.py::b");
	assert_int_equal(next.token.iteration, 2);
	ways_took(&field.ways, &missed);
	next = (struct hunt_try){ 0 };
	assert_true(ways_next(&field.ways, &next));
	assert_null(next.tests);
	assert_int_equal(next.token.iteration, 2);
	ways_took(&field.ways, &missed);
	assert_true(ways_next(&field.ways, &next));
	assert_int_equal(next.test_count, 1);
	assert_true(field.ways.items[field.ways.now].other_seed);
	/* What has shown it goes on. */
	ways_took(&field.ways, &hit);
	assert_true(ways_next(&field.ways, &next));
	assert_true(field.ways.items[field.ways.now].other_seed);
	assert_int_equal(next.token.iteration, 1);
	ways_took(&field.ways, &hit);
	assert_ptr_equal(ways_best(&field.ways), &field.ways.items[field.ways.now]);
	assert_int_equal(ways_best(&field.ways)->seen, 2);
	end(&field);
}

static void tests_are_found_by_name_when_others_came(void **state)
{
	(void)state;
	const struct store_witness seen[] = { witness(7, "5.2.0", "t.py::c"),
					      witness(7, "5.2.0", "t.py::b") };
	struct field field;
	struct hunt_try next = { 0 };
	begin(&field, after, 4, seen, 2);
	assert_int_equal(field.ways.missing, 1); /* c is gone */
	assert_true(ways_next(&field.ways, &next));
	assert_string_equal(after[next.tests[0]].id, "t.py::b");
	end(&field);
	begin(&field, after, 4, seen, 1);
	assert_false(ways_next(&field.ways, &next));
	end(&field);
}

static void what_does_not_run_is_given_up(void **state)
{
	(void)state;
	const struct store_witness seen[] = { witness(7, "5.2.0", "t.py::a") };
	const struct hunt_result nothing = { .ran = false };
	struct field field;
	struct hunt_try next;
	unsigned tries = 0;
	begin(&field, before, 3, seen, 1);
	for (; ways_next(&field.ways, &next) && tries < 100; tries++)
		ways_took(&field.ways, &nothing);
	assert_int_equal(tries, 2 * 3); /* each way twice */
	assert_null(ways_best(&field.ways));
	end(&field);
}

/* ---- is it the same finding? ---- */

static struct finding a_finding(enum finding_kind kind, const char *id)
{
	return (struct finding){ .kind = kind, .id = (char *)id, .title = (char *)id };
}

static struct participant side(struct frame *frame, const char *function)
{
	*frame = (struct frame){ .language = FRAME_C,
				 .function = (char *)function,
				 .file = (char *)"array.c",
				 .line = 1,
				 .module = (char *)"a.so" };
	return (struct participant){ .stack = { frame, 1 } };
}

static const char *recognise(struct finding *target, struct finding *a, struct finding *b,
			     const char *seen)
{
	const struct finding *others[] = { a, b };
	return hunt_recognise(target, others, 2, &seen, 1);
}

static void it_is_known_again_by_its_id_or_as_a_consequence_of_the_same_race(void **state)
{
	(void)state;
	struct finding race = a_finding(FINDING_DATA_RACE, "data-race-1");
	struct finding other = a_finding(FINDING_DATA_RACE, "data-race-2");
	struct finding crash = a_finding(FINDING_CRASH, "crash-1");
	struct finding elsewhere = a_finding(FINDING_CRASH, "crash-2");
	assert_string_equal(recognise(&race, &race, &other, "data-race-1"), "data-race-1");
	assert_null(recognise(&race, &race, &other, "data-race-2"));
	assert_null(recognise(&crash, &race, &elsewhere, "crash-2"));
	/* Both follow from one race: the same bug, which crashed somewhere else. */
	crash.cause = elsewhere.cause = race.id;
	assert_string_equal(recognise(&crash, &race, &elsewhere, "crash-2"), "crash-2");
	elsewhere.status = STATUS_NEW;
	crash.status = STATUS_KNOWN; /* as the store says */
	assert_string_equal(recognise(&crash, &race, &elsewhere, "crash-2"), "crash-2");
	assert_null(recognise(&other, &race, &elsewhere, "crash-2"));
	assert_null(crash.follows); /* what is given is left as it is */
}

/* They are told together, but each has to be mended. */
static void another_race_on_the_same_object_is_another_finding(void **state)
{
	(void)state;
	struct frame frames[4];
	struct participant sides[] = { side(&frames[0], "resize"), side(&frames[1], "get"),
				       side(&frames[2], "resize"), side(&frames[3], "append") };
	char *tests[] = { (char *)"t.py::a" };
	struct finding races[] = { a_finding(FINDING_DATA_RACE, "data-race-1"),
				   a_finding(FINDING_DATA_RACE, "data-race-2") };
	for (size_t i = 0; i < 2; i++) {
		races[i].subject = (struct subject){ .kind = SUBJECT_OBJECT,
						     .type = (char *)"m.Array",
						     .offset = 40 };
		races[i].participants = &sides[2 * i];
		races[i].participant_count = 2;
		races[i].tests = tests;
		races[i].test_count = 1;
	}
	assert_null(recognise(&races[0], &races[0], &races[1], "data-race-2"));
}

/* ---- does a script show it? ---- */

static const char printed[] =
	"WARNING: ThreadSanitizer: data race (pid=1)\n"
	"  Write of size 8 at 0x1 by thread T2:\n    #0 set_item array.c:3 (a.so+0x1)\n"
	"  Previous read of size 8 at 0x1 by thread T1:\n    #0 get_item array.c:9 (a.so+0x2)\n"
	"SUMMARY: ThreadSanitizer: data race array.c:3 in set_item\n"
	"WARNING: ThreadSanitizer: data race (pid=1)\n"
	"    #0 other_item array.c:9 (a.so+0x2)\n";

static bool shows(const char *one, const char *other)
{
	struct frame frames[2];
	struct participant sides[] = { side(&frames[0], one), side(&frames[1], other) };
	struct finding race = a_finding(FINDING_DATA_RACE, "data-race-1");
	race.participants = sides;
	race.participant_count = 2;
	return alone_shows(&race, printed, 66);
}

static void a_script_shows_a_race_if_one_report_has_both_sides(void **state)
{
	(void)state;
	assert_true(shows("set_item", "get_item"));
	assert_true(shows("get_item(int)", "set_item"));
	assert_false(shows("set_item", "other_item")); /* of two reports */
	assert_false(shows("set_item", "get"));        /* a part of a name */
	struct finding crash = a_finding(FINDING_CRASH, "crash-1");
	assert_true(alone_shows(&crash, "", 128 + 11));
	assert_false(alone_shows(&crash, printed, 66));
	struct finding hang = a_finding(FINDING_DEADLOCK, "deadlock-1");
	assert_true(alone_shows(&hang, "Timeout (0:00:20)!\nThread 0x1", 1));
	assert_false(alone_shows(&hang, "", 1));
	struct finding livelock = a_finding(FINDING_LIVELOCK, "livelock-1");
	assert_true(alone_shows(&livelock, "Timeout (0:00:20)!\nThread 0x1", 1));
	assert_false(alone_shows(&livelock, "", 1));
	struct finding failure = a_finding(FINDING_TEST_FAILURE, "test-failure-1");
	failure.said = (char *)"pkg.LostError: 3, at t.py:2";
	static const char raised[] = "Traceback (most recent call last):\n  File \"LostError\"\n";
	char text[200];
	for (size_t i = 0; i < 5; i++) {
		static const char *const last[] = { "LostError: 3\n", "mod.LostError\n",
						    "ImportError: LostError\n", "NotLostError: 3\n",
						    "LostErrors\n" };
		snprintf(text, sizeof text, "%s%s", raised, last[i]);
		assert_int_equal(alone_shows(&failure, text, 0), i < 2);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_rate_has_wilsons_interval),
		cmocka_unit_test(so_many_tries_would_have_shown_it),
		cmocka_unit_test(
			its_test_is_tried_alone_then_with_the_others_then_with_other_seeds),
		cmocka_unit_test(tests_are_found_by_name_when_others_came),
		cmocka_unit_test(what_does_not_run_is_given_up),
		cmocka_unit_test(it_is_known_again_by_its_id_or_as_a_consequence_of_the_same_race),
		cmocka_unit_test(another_race_on_the_same_object_is_another_finding),
		cmocka_unit_test(a_script_shows_a_race_if_one_report_has_both_sides),
	};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
