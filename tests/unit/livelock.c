/*
 * livelock.c - do threads that compute get anywhere? What their Python frames have in hand, in a real interpreter
 * (fixtures/motion_threads.py; those in ftstress's cache), and what follows from it.
 */
#include "tests/unit/fixtures/program.h"

#include <sys/syscall.h>

#include "runner/inspect/motion.h"
#include "runner/verdict/livelock.h"
#include "tests/unit/fixtures/interpreters.h"

#define SCRIPT "tests/unit/fixtures/motion_threads.py"
#define COUNT(array) (sizeof(array) / sizeof *(array))

static void what_comes_back_goes_round(void **state)
{
	(void)state;
	uint64_t numbers[MOTION_SAMPLES];
	for (size_t i = 0; i < COUNT(numbers); i++)
		numbers[i] = i % 3;
	assert_int_equal(motion_judge(numbers, COUNT(numbers)), MOTION_ROUND);
	for (size_t i = 0; i < COUNT(numbers); i++)
		numbers[i] = i;
	assert_int_equal(motion_judge(numbers, COUNT(numbers)), MOTION_ON);
	for (size_t i = 0; i < COUNT(numbers); i++)
		numbers[i] = i / 4; /* it had no processor now and then */
	assert_int_equal(motion_judge(numbers, COUNT(numbers)), MOTION_ON);
	for (size_t i = 0; i < COUNT(numbers); i++)
		numbers[i] = 5;
	assert_int_equal(motion_judge(numbers, COUNT(numbers)), MOTION_STANDS);
	assert_int_equal(motion_judge(numbers, 3), MOTION_UNKNOWN);
	for (size_t i = 0; i < COUNT(numbers); i++)
		numbers[i] = i == 20 ? 5 : i; /* once is chance */
	assert_int_equal(motion_judge(numbers, COUNT(numbers)), MOTION_ON);
}

/* ---- what follows ---- */

enum { ROUND_TID = 1, STANDS_TID, ON_TID, FOREVER, TIMED, SLEEPS, DETACHED, SANITIZER };

static struct moving_thread moved[] = {
	{ .tid = ROUND_TID, .motion = MOTION_ROUND, .numbers = { 1, 2 }, .number_count = 2 },
	{ .tid = STANDS_TID, .motion = MOTION_STANDS },
	{ .tid = ON_TID, .motion = MOTION_ON },
};

static enum livelock_state state_of(const int *tids, size_t count, bool gil)
{
	struct captured_thread threads[8] = { 0 };
	for (size_t i = 0; i < count; i++) {
		struct captured_thread *thread = &threads[i];
		*thread = (struct captured_thread){ .tid = tids[i],
						    .busy = tids[i] <= ON_TID,
						    .python = true,
						    .syscall = SYS_futex,
						    .sanitizer = tids[i] == SANITIZER };
		thread->attached = tids[i] == TIMED;
		if (tids[i] == TIMED || tids[i] == DETACHED)
			thread->arguments[3] = 0x7f00;
		if (tids[i] == SLEEPS || tids[i] == SANITIZER)
			thread->syscall = SYS_clock_nanosleep;
	}
	struct capture capture = { .threads = threads, .count = count };
	struct moving moving = { moved, COUNT(moved) };
	return livelock_state(&capture, &moving, gil);
}

#define STATE(gil, ...) state_of((int[]){ __VA_ARGS__ }, COUNT(((int[]){ __VA_ARGS__ })), gil)

static void nobody_may_be_left_who_can_end_it(void **state)
{
	(void)state;
	assert_int_equal(STATE(false, ROUND_TID, FOREVER, SANITIZER), LIVELOCK_ROUND);
	assert_int_equal(STATE(false, ROUND_TID, STANDS_TID), LIVELOCK_STANDS);
	assert_int_equal(STATE(false, ROUND_TID, ON_TID), LIVELOCK_OPEN);
	assert_int_equal(STATE(false, ROUND_TID, SLEEPS), LIVELOCK_OPEN);
	assert_int_equal(STATE(false, ROUND_TID, TIMED), LIVELOCK_OPEN);
	assert_int_equal(STATE(false, ROUND_TID, DETACHED), LIVELOCK_OPEN);
	assert_int_equal(STATE(true, ROUND_TID, DETACHED), LIVELOCK_ROUND); /* for the GIL */
	assert_int_equal(STATE(true, ROUND_TID, TIMED), LIVELOCK_OPEN);
	assert_int_equal(STATE(false, FOREVER), LIVELOCK_IDLE);
}

/* A pattern that backtracks, an array that is sorted: a short --timeout does not make that a livelock. */
static void one_call_of_c_may_take_long(void **state)
{
	(void)state;
	static const struct {
		double timeout, still;
		bool is_long;
	} cases[] = {
		{ 60, 29, false }, { 60, 31, true },   { 8, 29, false },
		{ 8, 31, true },   { 100, 49, false }, { 100, 51, true },
		{ 6, 26, false },  { 6, 28, true }, /* its end */
	};
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct livelock_question question = { .still = cases[i].still,
						      .timeout = cases[i].timeout,
						      .patience = 4.5 * cases[i].timeout };
		assert_int_equal(livelock_call_is_long(&question), cases[i].is_long);
	}
}

static void who_was_somewhere_else_before_gets_on(void **state)
{
	(void)state;
	struct moving_thread later = { .tid = ROUND_TID, .numbers = { 2, 3 }, .number_count = 2 };
	struct moving first = { moved, COUNT(moved) }, second = { &later, 1 };
	assert_true(motion_returned(&first, &second, ROUND_TID));
	later.numbers[0] = 4;
	assert_false(motion_returned(&first, &second, ROUND_TID));
	assert_false(motion_returned(&first, &second, ON_TID));
}

/* ---- in an interpreter ---- */

static const struct {
	const char *function;
	enum motion motion;
} expected[] = {
	{ "spins", MOTION_ROUND },
	{ "walks", MOTION_ROUND },
	{ "waits_in_c", MOTION_STANDS },
	{ "counts_itself", MOTION_ON },
	{ "iterates", MOTION_ON },
	{ "counts_in_an_object", MOTION_ON },
	{ "counts_in_the_module", MOTION_ON },
};

static pid_t tid_of(const struct program *program, const char *function)
{
	const char *at = strstr(program->addresses, function);
	assert_non_null(at);
	return (pid_t)strtoul(at + strlen(function), NULL, 16);
}

/* A machine that is busy may give a thread no processor for a while: then it seems to stand. */
static bool is_as_expected(const struct program *program, bool told)
{
	struct moving moving;
	bool all = true;
	motion_look(program->pid, &moving);
	for (size_t i = 0; i < COUNT(expected); i++) {
		const struct moving_thread *thread =
			motion_of(&moving, tid_of(program, expected[i].function));
		assert_non_null(thread);
		/* Never so, however busy it is. */
		if (expected[i].motion == MOTION_ON)
			assert_int_not_equal(thread->motion, MOTION_ROUND);
		bool as_expected = thread->motion == expected[i].motion;
		if (!as_expected && told)
			print_message("# %s: motion %d, not %d\n", expected[i].function,
				      (int)thread->motion, (int)expected[i].motion);
		all = all && as_expected;
	}
	motion_clear(&moving);
	return all;
}

static void check_interpreter(const char *path)
{
	struct program program = program_start(path, SCRIPT, NULL);
	double end = now_seconds() + PROGRAM_SECONDS;
	print_message("# %s\n", path);
	while (!is_as_expected(&program, false) && now_seconds() < end)
		;
	bool as_expected = now_seconds() < end || is_as_expected(&program, true);
	assert_int_equal(WEXITSTATUS(program_end(&program)), 0);
	assert_true(as_expected);
}

static void what_threads_have_in_hand_says_whether_they_get_on(void **state)
{
	(void)state;
	size_t count;
	char **paths = interpreters_find(&count);
	setenv("TSAN_OPTIONS", "handle_segv=0 report_bugs=0 exitcode=0", 1);
	for (size_t i = 0; i < count; i++)
		check_interpreter(paths[i]);
	strings_free(paths, count);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_comes_back_goes_round),
		cmocka_unit_test(nobody_may_be_left_who_can_end_it),
		cmocka_unit_test(one_call_of_c_may_take_long),
		cmocka_unit_test(who_was_somewhere_else_before_gets_on),
		cmocka_unit_test(what_threads_have_in_hand_says_whether_they_get_on),
	};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
