/* settle.c - what only comes of a bug is of its group, and has its status. */
/* Before cmocka, whose fail() is a macro. */
#include "runner/base/util.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "reports/entries.h"
#include "reports/settle.h"

#define MOST 4

/* A run's findings: races of two functions at two lines of a test, and what came of them. */
struct run {
	struct finding findings[MOST];
	struct finding *list[MOST];
	struct participant sides[MOST][2];
	struct frame frames[MOST][2][3];
	struct frame made[MOST];
	char *tests[MOST][1], *tokens[MOST][1];
	size_t count;
};

static struct frame native(const char *function, const char *file, const char *module)
{
	return (struct frame){ .language = FRAME_C,
			       .function = (char *)function,
			       .file = (char *)file,
			       .line = 9,
			       .module = (char *)module };
}

static struct frame python(const char *function, const char *file, int line)
{
	return (struct frame){ .language = FRAME_PYTHON,
			       .function = (char *)function,
			       .file = (char *)file,
			       .line = line };
}

static struct finding *add(struct run *run, enum finding_kind kind, const char *id)
{
	size_t at = run->count++;
	struct finding *finding = &run->findings[at];
	run->list[at] = finding;
	run->tests[at][0] = (char *)"t.py::test_a";
	run->tokens[at][0] = (char *)"1.2.3";
	*finding = (struct finding){ .id = (char *)id,
				     .kind = kind,
				     .title = (char *)"it",
				     .tests = run->tests[at],
				     .test_count = 1,
				     .replays = run->tokens[at],
				     .replay_count = 1,
				     .run_count = 1 };
	return finding;
}

/* The function of C in a module, called at a line of the test, on an object of the type. */
static struct finding *race(struct run *run, const char *id, const char *type, const char *function,
			    const char *module, int line)
{
	size_t at = run->count;
	struct finding *finding = add(run, FINDING_DATA_RACE, id);
	for (size_t i = 0; i < 2; i++) {
		run->frames[at][i][0] = native(function, "/src/Modules/x.c", module);
		run->frames[at][i][1] = python("test_a", "/t/t.py", line);
		run->sides[at][i] = (struct participant){ .write = i == 0,
							  .size = 8,
							  .stack = { run->frames[at][i], 2 } };
	}
	run->made[at] = python("setup", "/t/t.py", 3);
	finding->rank = RANK_STRUCTURE;
	finding->subject = (struct subject){ .kind = SUBJECT_OBJECT,
					     .type = (char *)type,
					     .offset = 40,
					     .allocated = { &run->made[at], 1 } };
	finding->participants = run->sides[at];
	finding->participant_count = 2;
	return finding;
}

/* A crash in the function of C in a module, called at a line of the test. */
static struct finding *crash(struct run *run, const char *id, const char *function,
			     const char *module)
{
	size_t at = run->count;
	struct finding *finding = add(run, FINDING_CRASH, id);
	run->frames[at][0][0] = native(function, "/src/Modules/x.c", module);
	run->frames[at][0][1] = python("test_a", "/t/t.py", 30);
	run->sides[at][0] = (struct participant){ .stack = { run->frames[at][0], 2 } };
	finding->participants = run->sides[at];
	finding->participant_count = 1;
	return finding;
}

static void settle(struct run *run)
{
	settle_findings(run->list, run->count);
}

/* Frees what settling has set. */
static void clear(struct run *run)
{
	for (size_t i = 0; i < run->count; i++) {
		free(run->findings[i].follows);
		run->findings[i].follows = NULL;
		free(run->findings[i].suppressed_by);
		run->findings[i].suppressed_by = NULL;
	}
}

static size_t entries(struct run *run)
{
	const struct run_info info = { 0 };
	const struct report_input input = { .run = &info,
					    .findings = (const struct finding *const *)run->list,
					    .count = run->count };
	struct entries *all = entries_new(&input);
	size_t count = all->count;
	entries_free(all);
	return count;
}

static void a_crash_of_a_race_that_is_upstream_is_upstream(void **state)
{
	(void)state;
	struct run run = { 0 };
	struct finding *cause = race(&run, "race-0", "m.T", "t_next", "python3.14", 12);
	struct finding *end = crash(&run, "crash-1", "t_next", "python3.14");
	cause->status = STATUS_UPSTREAM;
	cause->suppressed_by =
		xstrdup("upstream, not fixed yet: it (https://github.com/x/y/issues/1)");
	settle(&run);
	assert_int_equal(end->status, STATUS_UPSTREAM);
	assert_string_equal(end->suppressed_by, cause->suppressed_by);
	assert_string_equal(end->follows, "race-0");
	assert_true(cause->caused_crash);
	assert_int_equal(entries(&run), 1);
	clear(&run);
}

/* It came in the same iteration, and nothing else is known: it stands under that race, and is told. */
static void a_crash_by_chance_is_new(void **state)
{
	(void)state;
	struct run run = { 0 };
	race(&run, "race-0", "m.T", "t_next", "python3.14", 12)->status = STATUS_UPSTREAM;
	struct finding *end = crash(&run, "crash-1", "own_call", "ext.so");
	settle(&run);
	assert_int_equal(end->status, STATUS_NEW);
	assert_string_equal(end->follows, "race-0");
	assert_int_equal(entries(&run), 1);
	clear(&run);
	/* Its address lies in that memory (runner/verdict/cause.h). */
	end->follows = xstrdup("race-0");
	settle(&run);
	assert_int_equal(end->status, STATUS_UPSTREAM);
	clear(&run);
}

static void a_crash_of_a_known_race_is_known(void **state)
{
	(void)state;
	struct run run = { 0 };
	race(&run, "race-0", "m.T", "t_next", "m.so", 12)->status = STATUS_KNOWN;
	struct finding *end = crash(&run, "crash-1", "t_next", "m.so");
	settle(&run);
	assert_int_equal(end->status, STATUS_KNOWN);
	assert_null(end->suppressed_by);
	clear(&run);
}

static void what_is_new_beside_it_is_new_and_so_is_what_comes_of_it(void **state)
{
	(void)state;
	struct run run = { 0 };
	race(&run, "race-0", "m.T", "t_next", "python3.14", 12)->status = STATUS_UPSTREAM;
	struct finding *fresh = race(&run, "race-1", "m.T", "t_next", "python3.14", 12);
	struct finding *end = crash(&run, "crash-2", "t_next", "python3.14");
	settle(&run);
	assert_int_equal(fresh->status, STATUS_NEW);
	assert_int_equal(end->status, STATUS_NEW);
	clear(&run);
}

/* Two groups came up in the test: the stack says which of them it was. */
static void a_crash_is_of_the_race_whose_function_it_is_in(void **state)
{
	(void)state;
	struct run run = { 0 };
	race(&run, "race-0", "m.T", "t_next", "m.so", 12);
	race(&run, "race-1", "m.U", "u_take", "m.so", 13);
	struct finding *end = crash(&run, "crash-2", "u_take", "m.so");
	settle(&run);
	assert_string_equal(end->follows, "race-1");
	assert_int_equal(entries(&run), 2);
	clear(&run);
	run.frames[2][0][0].function = (char *)"elsewhere";
	settle(&run);
	assert_null(end->follows);
	assert_int_equal(entries(&run), 3);
	clear(&run);
}

static void a_test_that_fails_is_of_the_race_on_a_line_of_its_traceback(void **state)
{
	(void)state;
	struct run run = { 0 };
	race(&run, "race-0", "m.T", "t_next", "m.so", 12);
	struct finding *end = add(&run, FINDING_TEST_FAILURE, "test-failure-1");
	end->detail = (char *)"Traceback (most recent call last):\n"
			      "  File \"/a/../t/t.py\", line 12, in test_a\n"
			      "    next(shared)\n"
			      "IndexError: it\n";
	settle(&run);
	assert_string_equal(end->follows, "race-0");
	assert_int_equal(entries(&run), 1);
	clear(&run);
	/* In the same test, and in the same iteration, but elsewhere: that may be another bug. */
	end->detail = (char *)"  File \"/a/../t/t.py\", line 120, in test_a\n    check()\n";
	settle(&run);
	assert_null(end->follows);
	assert_int_equal(entries(&run), 2);
	clear(&run);
}

/* In a generator that two threads share, the interpreter's own memory is raced on, too. */
static void what_two_threads_do_in_one_generator_is_of_the_race_on_it(void **state)
{
	(void)state;
	struct run run = { 0 };
	race(&run, "race-0", "generator", "gen_send_ex2", "python3.14", 12);
	run.made[0] = python("numbers", "/t/t.py", 5);
	run.findings[0].status = STATUS_UPSTREAM;
	struct finding *frame = race(&run, "race-1", NULL, "push", "python3.14", 12);
	frame->subject = (struct subject){ .kind = SUBJECT_STACK };
	for (size_t i = 0; i < 2; i++) {
		run.frames[1][i][0] = python("numbers", "/t/t.py", 6);
		run.frames[1][i][1] =
			native("gen_iternext", "/src/Objects/genobject.c", "python3.14");
		run.frames[1][i][2] = python("test_a", "/t/t.py", 12);
		run.sides[1][i].stack.count = 3;
	}
	settle(&run);
	assert_int_equal(frame->status, STATUS_UPSTREAM);
	assert_int_equal(entries(&run), 1);
	clear(&run);
	frame->status = STATUS_NEW;
	/* One thread alone is in there: the thread's state, which is linked to the generator. */
	run.frames[1][1][0] = native("top", "/src/Python/errors.c", "python3.14");
	run.frames[1][1][1] = python("test_a", "/t/t.py", 14);
	run.sides[1][1].stack.count = 2;
	settle(&run);
	assert_int_equal(frame->status, STATUS_UPSTREAM);
	assert_int_equal(entries(&run), 1);
	clear(&run);
	frame->status = STATUS_NEW;
	/* In a generator that nobody shares, it is something else. */
	run.made[0] = python("letters", "/t/t.py", 5);
	settle(&run);
	assert_int_equal(frame->status, STATUS_NEW);
	assert_int_equal(entries(&run), 2);
	clear(&run);
}

/* An extension's function that drops a reference while CPython's own race is on: that is for it to explain. */
static void what_an_extension_does_wrong_is_not_upstream(void **state)
{
	(void)state;
	struct run run = { 0 };
	race(&run, "race-0", "m.T", "t_next", "python3.14", 12)->status = STATUS_UPSTREAM;
	struct finding *count = race(&run, "count-1", "m.T", "t_next", "ext.so", 12);
	count->kind = FINDING_REFERENCE_COUNT;
	settle(&run);
	assert_int_equal(count->status, STATUS_NEW);
	run.frames[1][0][0].module = run.frames[1][1][0].module = (char *)"python3.14";
	settle(&run);
	assert_int_equal(count->status, STATUS_UPSTREAM);
	clear(&run);
}

/* What got the memory of an object that was freed is made by a line of the library, which makes it for everybody. */
static void two_counts_on_what_the_library_makes_are_two(void **state)
{
	(void)state;
	struct run run = { 0 };
	for (size_t i = 0; i < 2; i++) {
		struct finding *count = race(&run, i ? "count-1" : "count-0", "tuple",
					     i ? "one_next" : "two_next", "m.so", 12);
		count->kind = FINDING_REFERENCE_COUNT;
		run.made[i] = python("Thread._delete", "/p/lib/python3.14/threading.py", 1090);
	}
	assert_int_equal(entries(&run), 2);
	run.made[0] = run.made[1] = python("setup", "/t/t.py", 3);
	assert_int_equal(entries(&run), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_crash_of_a_race_that_is_upstream_is_upstream),
		cmocka_unit_test(a_crash_by_chance_is_new),
		cmocka_unit_test(a_crash_of_a_known_race_is_known),
		cmocka_unit_test(what_is_new_beside_it_is_new_and_so_is_what_comes_of_it),
		cmocka_unit_test(a_crash_is_of_the_race_whose_function_it_is_in),
		cmocka_unit_test(a_test_that_fails_is_of_the_race_on_a_line_of_its_traceback),
		cmocka_unit_test(what_two_threads_do_in_one_generator_is_of_the_race_on_it),
		cmocka_unit_test(what_an_extension_does_wrong_is_not_upstream),
		cmocka_unit_test(two_counts_on_what_the_library_makes_are_two),
	};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
