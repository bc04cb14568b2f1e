/* progress.c - the line on a terminal: what it says of a run and of its preparation. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <fcntl.h>
#include <pty.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "runner/base/progress.h"
#include "runner/base/util.h"

/* Last: it defines a macro of the name of util.h's fail(). */
#include <cmocka.h>

/* A terminal in the place of standard error. */
struct terminal {
	int master, saved;
	char text[65536]; /* all that came */
	size_t length;
	struct progress *progress;
};

static void terminal_open(struct terminal *terminal)
{
	int slave;
	*terminal = (struct terminal){ 0 };
	assert_int_equal(openpty(&terminal->master, &slave, NULL, NULL, NULL), 0);
	assert_true(fcntl(terminal->master, F_SETFL, O_NONBLOCK) >= 0);
	terminal->saved = dup(STDERR_FILENO);
	dup2(slave, STDERR_FILENO);
	close(slave);
	setenv("TERM", "xterm", 1);
	terminal->progress = progress_open(false);
}

static bool shows(struct terminal *terminal, const char *text)
{
	ssize_t count = read(terminal->master, terminal->text + terminal->length,
			     sizeof terminal->text - 1 - terminal->length);
	terminal->length += count > 0 ? (size_t)count : 0;
	terminal->text[terminal->length] = '\0';
	return strstr(terminal->text, text) != NULL;
}

static void terminal_close(struct terminal *terminal)
{
	progress_close(terminal->progress);
	dup2(terminal->saved, STDERR_FILENO);
	close(terminal->saved);
	close(terminal->master);
}

static void expect_run(const struct progress_state *state, const char *expected)
{
	struct terminal terminal;
	terminal_open(&terminal);
	progress_show(terminal.progress, state);
	bool good = shows(&terminal, expected);
	terminal_close(&terminal);
	if (!good)
		fail_msg("expected \"%s\" in \"%s\"", expected, terminal.text);
}

static void a_long_iteration_shows_at_which_of_its_tests_it_is(void **state)
{
	(void)state;
	struct progress_state run = {
		.total = 8, .slice_begun = 312, .slice_tests = 4400, .started = now_seconds()
	};
	expect_run(&run, "\r0/8 iterations (now test 312 of 4400), findings: 0 new\033");
	run.done = 1;
	run.tests = 4400;
	expect_run(&run, "\r1/8 iterations (now test 312 of 4400), 4400 tests, findings: 0 new");
	run.slice_tests = 0;
	expect_run(&run, "\r1/8 iterations, 4400 tests, findings: 0 new");
}

static void a_test_that_takes_long_is_named_and_no_pace_is_told(void **state)
{
	(void)state;
	struct progress_state run = { .total = 8,
				      .done = 4,
				      .tests = 9,
				      .slice_begun = 13,
				      .slice_tests = 17,
				      .slow_test = "t_a.py::test_b",
				      .slow_seconds = 61,
				      .started = now_seconds() };
	expect_run(&run, "(now test 13 of 17: t_a.py::test_b for 1 min 01 s)");
	run.slow_test = "tests/of_a_folder/with_a_long_name/test_a.py::test_b";
	expect_run(&run, "17: ...g_name/test_a.py::test_b for 1 min 01 s)");
	run.slow_test = "t.py";
	run.slow_seconds = 11;
	expect_run(&run, "(now test 13 of 17: t.py for 11 s), 9 tests, findings: 0 new\033");
	run.slow_test = NULL;
	expect_run(&run, "(now test 13 of 17), 9 tests, findings: 0 new, 0 s left\033");
}

static void after_its_duration_a_run_says_when_it_ends(void **state)
{
	(void)state;
	struct progress_state run = { .slice_begun = 1,
				      .slice_tests = 1,
				      .ends_in = 4.2,
				      .started = now_seconds() - 0.5,
				      .duration = 0.1 };
	struct terminal terminal;
	terminal_open(&terminal);
	progress_show(terminal.progress, &run);
	bool good = shows(&terminal, "(now test 1 of 1), time is over, ended in 4 s") &&
		    !shows(&terminal, "left");
	terminal_close(&terminal);
	assert_true(good);
}

/* Shows the step until the terminal has `expected`: as often as time has to pass. */
static bool comes(struct terminal *terminal, const char *expected, uint64_t done, uint64_t total)
{
	double until = now_seconds() + 10;
	do
		progress_step(terminal->progress, "compiling words", done, total);
	while (!shows(terminal, expected) && now_seconds() < until);
	return strstr(terminal->text, expected) != NULL;
}

static void a_step_without_a_share_shows_its_time_and_no_percentage(void **state)
{
	(void)state;
	struct terminal terminal;
	terminal_open(&terminal);
	bool good = comes(&terminal, "\rcompiling words\033", 0, 1000) &&
		    comes(&terminal, "\rcompiling words, 1 s\033", 0, 1000) &&
		    comes(&terminal, "\rcompiling words, 2 s\033", 0, 0) &&
		    !shows(&terminal, "%") &&
		    comes(&terminal, "\rcompiling words 12 %\033", 120, 1000);
	terminal_close(&terminal);
	assert_true(good);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_long_iteration_shows_at_which_of_its_tests_it_is),
		cmocka_unit_test(a_test_that_takes_long_is_named_and_no_pace_is_told),
		cmocka_unit_test(after_its_duration_a_run_says_when_it_ends),
		cmocka_unit_test(a_step_without_a_share_shows_its_time_and_no_percentage),
	};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
