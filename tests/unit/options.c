/* options.c - command line and [run] keys: what is accepted, and what is said about the rest. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "runner/base/closest.h"
#include "runner/setup/options.h"
#include "runner/base/util.h"

/* Last: it defines a macro of the name of util.h's fail(). */
#include <cmocka.h>

static void parse(struct settings *settings, int expected, int count, char *const argv[])
{
	settings_init(settings);
	assert_int_equal(options_parse(settings, count, argv), expected);
}
#define PARSE(settings, expected, ...)                                                             \
	do {                                                                                       \
		char *const argv[] = { "ftstress", __VA_ARGS__ };                                  \
		parse(settings, expected, (int)(sizeof argv / sizeof *argv), argv);                \
	} while (0)

/* What is written to standard error by a command line that is wrong. */
static char *complaint(int count, char *const argv[])
{
	struct settings settings;
	fflush(stderr);
	FILE *file = tmpfile();
	int saved = dup(STDERR_FILENO);
	dup2(fileno(file), STDERR_FILENO);
	parse(&settings, EXIT_BAD_INPUT, count, argv);
	fflush(stderr);
	dup2(saved, STDERR_FILENO);
	close(saved);
	settings_clear(&settings);
	char *text = xcalloc(4096, 1);
	rewind(file);
	(void)!fread(text, 1, 4095, file);
	fclose(file);
	return text;
}
#define COMPLAINS(expected, ...)                                                                   \
	do {                                                                                       \
		char *const argv[] = { "ftstress", __VA_ARGS__ };                                  \
		char *text = complaint((int)(sizeof argv / sizeof *argv), argv);                   \
		if (!strstr(text, expected))                                                       \
			fail_msg("expected \"%s\" in: %s", expected, text);                        \
		free(text);                                                                        \
	} while (0)

static void every_option_is_taken(void **state)
{
	(void)state;
	struct settings settings;
	PARSE(&settings, 0, "--suite", "x", "--iterations=500", "--threads", "3-5", "--gil", "off",
	      "--switch-interval", "1e-5..2e-4", "--seed", "1F3a", "--jobs", "2", "--duration",
	      "1h30m", "--slice", "7", "--budget", "2.5", "--timeout", "90s", "--memory", "512",
	      "--python", "3.13", "--output", "out", "--format", "tap", "--suppressions", "a",
	      "--suppressions", "b", "--tests", "a or b", "--resume", "--quiet", "--schedule",
	      "overlap");
	assert_string_equal(settings.suite, "x");
	assert_int_equal(settings.iterations, 500);
	assert_int_equal(settings.threads_min, 3);
	assert_int_equal(settings.threads_max, 5);
	assert_int_equal(settings.gil, GIL_OFF);
	assert_int_equal(settings.schedule, SCHEDULE_OVERLAP);
	assert_true(settings.interval_min > 0.9e-5 && settings.interval_max < 2.1e-4);
	assert_int_equal(settings.seed, 0x1f3a);
	assert_true(settings.duration > 5399 && settings.duration < 5401);
	assert_true(settings.budget > 2.4 && settings.budget < 2.6);
	assert_int_equal(settings.memory, 512);
	assert_int_equal(settings.suppression_count, 2);
	assert_true(settings.resume && settings.quiet);
	settings_clear(&settings);
}

static void a_single_number_of_threads_is_a_range_of_one(void **state)
{
	(void)state;
	struct settings settings;
	PARSE(&settings, 0, "--threads", "4", "--switch-interval", "1e-4");
	assert_int_equal(settings.threads_min, 4);
	assert_int_equal(settings.threads_max, 4);
	char *text = option_threads_text(&settings);
	assert_string_equal(text, "4");
	free(text);
	settings_clear(&settings);
}

static void a_duration_alone_has_no_end_of_iterations(void **state)
{
	(void)state;
	struct settings settings;
	PARSE(&settings, 0, "--duration", "30m");
	assert_int_equal(settings.iterations, 0);
	settings_clear(&settings);
	PARSE(&settings, 0, "--duration", "30m", "--iterations", "9");
	assert_int_equal(settings.iterations, 9);
	settings_clear(&settings);
}

static void the_gate_stands_for_one_fixed_pass(void **state)
{
	(void)state;
	struct settings settings;
	settings_init(&settings);
	/* Over what the suite says, whatever that is. */
	assert_null(options_set_key(&settings, "schedule", "overlap"));
	assert_null(options_set_key(&settings, "threads", "4-8"));
	assert_null(options_set_key(&settings, "duration", "30m"));
	assert_null(options_set_key(&settings, "budget", "5"));
	char *const argv[] = { "ftstress", "--suite", "x", "--gate" };
	assert_int_equal(options_parse(&settings, 4, argv), 0);
	assert_true(settings.gate);
	assert_int_equal(settings.schedule, SCHEDULE_WHOLE_TURNS);
	assert_int_equal(settings.order, ORDER_MEANT);
	assert_int_equal(settings.gil, GIL_OFF);
	assert_int_equal(settings.threads_min, 2);
	assert_int_equal(settings.threads_max, 2);
	assert_int_equal(settings.slice, 100);
	assert_int_equal(settings.seed, 1);
	assert_true(settings.seed_given);
	assert_true(settings.budget > 86399 && settings.duration < 0.1);
	settings_clear(&settings);
}

static void pairs_run_whole_slices_unless_a_budget_is_given(void **state)
{
	(void)state;
	struct settings settings;
	settings_init(&settings);
	assert_null(options_set_key(&settings, "budget", "5"));
	char *const argv[] = { "ftstress", "--suite", "x", "--pairs", "--budget", "7s" };
	assert_int_equal(options_parse(&settings, 4, argv), 0);
	assert_true(settings.pairs && settings.budget > 86399);
	assert_int_equal(settings.schedule, SCHEDULE_WHOLE_TURNS);
	assert_int_equal(options_parse(&settings, 6, argv), 0);
	assert_true(settings.budget < 7.1);
	settings_clear(&settings);
}

static void the_gate_takes_options_that_leave_it_fixed(void **state)
{
	(void)state;
	struct settings settings;
	PARSE(&settings, 0, "--threads", "4", "--seed", "7f", "--slice=20", "--jobs", "2",
	      "--schedule=turns", "--gate");
	assert_int_equal(settings.threads_max, 4);
	assert_int_equal(settings.seed, 0x7f);
	assert_int_equal(settings.slice, 20);
	settings_clear(&settings);
}

static void the_gate_refuses_what_would_change_its_result(void **state)
{
	(void)state;
	COMPLAINS("--memory=deep and --python-flavour=debug don't go together", "--memory=deep",
		  "--python-flavour=debug");
	COMPLAINS("--leaks and --happens-before=meant don't go together", "--leaks",
		  "--happens-before", "meant");
	COMPLAINS("--gate and --replay don't go together", "--gate", "--replay", "1.2.3");
	COMPLAINS("--gate and --resume don't go together", "--resume", "--gate");
	COMPLAINS("--gate and --duration don't go together", "--gate", "--duration", "5m");
	COMPLAINS("--gate and --iterations don't go together", "--gate", "--iterations", "1");
	COMPLAINS("--gate and --budget don't go together", "--gate", "--budget", "5");
	COMPLAINS("--gate stands for --schedule=turns", "--gate", "--schedule", "mixed");
	COMPLAINS("--gate stands for --gil=off", "--gil", "mixed", "--gate");
	COMPLAINS("--gate stands for --happens-before=meant", "--gate", "--happens-before",
		  "as-written");
}

/* A gate that was cut off: its options first, then those of the command that resumes it. */
static void a_gate_is_taken_up_again_by_resume(void **state)
{
	(void)state;
	struct settings settings;
	PARSE(&settings, 0, "--suite", "x", "--gate");
	char *const argv[] = { "ftstress", "--suite", "x", "--resume" };
	assert_int_equal(options_parse(&settings, 4, argv), 0);
	assert_true(settings.gate && settings.resume);
	settings_clear(&settings);
}

/* The same of pairs; but those have a store of their own, so --pairs is said again. */
static void pairs_are_taken_up_again_with_their_types_and_options(void **state)
{
	(void)state;
	struct settings settings;
	PARSE(&settings, 0, "--pairs", "array.array", "deque", "--slice", "7", "--threads=3");
	char *const resumed[] = { "ftstress", "--pairs", "--resume" };
	assert_int_equal(options_parse(&settings, 3, resumed), 0);
	assert_int_equal(settings.type_count, 2);
	assert_string_equal(settings.types[0], "array.array");
	assert_int_equal(settings.slice, 7);
	assert_int_equal(settings.threads_max, 3);
	char *const other[] = { "ftstress", "--pairs", "bytearray", "--resume" };
	assert_int_equal(options_parse(&settings, 4, other), 0);
	assert_int_equal(settings.type_count, 1);
	assert_string_equal(settings.types[0], "bytearray");
	settings_clear(&settings);
}

static void a_token_goes_there_and_back(void **state)
{
	(void)state;
	struct settings settings;
	PARSE(&settings, 0, "--replay", "1f3a.12.p40");
	assert_true(settings.replay.pairs);
	assert_int_equal(settings.replay.slice, 40);
	char *of_pairs = replay_token_text(settings.replay);
	assert_string_equal(of_pairs, "1f3a.12.p40");
	free(of_pairs);
	settings_clear(&settings);
	PARSE(&settings, 0, "--replay", "ffffffffffffffff.12.40");
	assert_true(settings.replay_given);
	char *text = replay_token_text(settings.replay);
	assert_string_equal(text, "ffffffffffffffff.12.40");
	free(text);
	settings_clear(&settings);
	static char *const explored[] = { "1.0.3@12:2", "1.0.3@12:2,30:1", "1.7.3@seed" };
	for (size_t i = 0; i < 3; i++) {
		PARSE(&settings, 0, "--explore", "--replay", explored[i]);
		text = replay_token_text(settings.replay);
		assert_string_equal(text, explored[i]);
		free(text);
		settings_clear(&settings);
	}
}

static void exploring_is_bounded_and_takes_one_test_at_a_time(void **state)
{
	(void)state;
	struct settings settings;
	PARSE(&settings, 0, "--explore");
	assert_int_equal(settings.slice, 1);
	assert_int_equal(settings.schedule, SCHEDULE_WHOLE_TURNS);
	assert_int_equal(settings.iterations, 0);
	assert_true(settings.duration > 0);
	assert_true(settings.python_races & PYTHON_RACES_TESTS);
	settings_clear(&settings);
	PARSE(&settings, 0, "--explore", "--iterations", "30");
	assert_int_equal(settings.iterations, 30);
	assert_false(settings.duration > 0);
	settings_clear(&settings);
	COMPLAINS("--explore and --pairs", "--suite", "x", "--explore", "--pairs");
	COMPLAINS("--explore and another schedule", "--suite", "x", "--explore", "--schedule",
		  "overlap");
	COMPLAINS("--explore and --python-races off", "--suite", "x", "--explore", "--python-races",
		  "off");
}

static void a_misspelt_option_names_the_closest(void **state)
{
	(void)state;
	COMPLAINS("did you mean --iterations?", "--iteratoins", "5");
	COMPLAINS("did you mean --suite?", "--suit=x");
	COMPLAINS("see ftstress --help", "--zzzzzzzz");
	COMPLAINS("did you mean \"doctor\"?", "docter");
	COMPLAINS("takes no value", "--resume=yes");
	COMPLAINS("needs a value", "--threads");
}

static void a_bad_value_says_what_is_expected(void **state)
{
	(void)state;
	COMPLAINS("--threads: expected a number of threads such as 4 or a range such as 2-8",
		  "--threads", "8-2");
	COMPLAINS("not \"0\"", "--threads", "0");
	COMPLAINS("not \"65\"", "--threads", "65");
	COMPLAINS("--iterations: expected a number from 1", "--iterations", "0");
	COMPLAINS("not \"-1\"", "--iterations", "-1");
	COMPLAINS("not \"ten\"", "--jobs", "ten");
	COMPLAINS("--gil: expected off, on or mixed", "--gil", "maybe");
	COMPLAINS("--schedule: expected turns, whole-turns, overlap or mixed", "--schedule",
		  "serial");
	COMPLAINS("--seed: expected up to 16 hexadecimal digits", "--seed", "xyz");
	COMPLAINS("--seed", "--seed", "11112222333344445");
	COMPLAINS("--switch-interval: expected seconds", "--switch-interval", "5e-3..1e-6");
	COMPLAINS("--switch-interval", "--switch-interval", "nan");
	COMPLAINS("--duration: expected a time such as 45s", "--duration", "3 weeks");
	COMPLAINS("--replay: expected a token", "--replay", "12");
	COMPLAINS("--replay: expected a token", "--replay", "12.3.p");
	COMPLAINS("--replay: expected a token", "--replay", "1.0.3@12");
	COMPLAINS("--replay: expected a token", "--replay", "1.0.3@12:64");
	COMPLAINS("--replay: expected a token", "--replay", "1.0.3@1:1,2:1,3:1");
	COMPLAINS("--pairs-every: expected off or a number from 2", "--pairs-every", "1");
	COMPLAINS("--python-races: expected off, or of package, tests, stdlib", "--python-races",
		  "package,test");
	COMPLAINS("--python-races: expected off", "--python-races", ",");
	COMPLAINS("--heap: expected on, off or deep", "--heap", "deeper");
	COMPLAINS("--python-flavour: expected release or debug", "--python-flavour", "pydebug");
	COMPLAINS("--memory: expected a whole number from 64 to 1073741824, or deep", "--memory",
		  "63");
	COMPLAINS("--python: expected 3.14, 3.13, 3.15, or the path", "--python", "2.7");
}

static void races_of_python_code_are_looked_for_where_it_is_said(void **state)
{
	(void)state;
	struct settings settings;
	settings_init(&settings);
	assert_int_equal(settings.python_races, PYTHON_RACES_PACKAGE | PYTHON_RACES_TESTS);
	char *options[] = { "ftstress", "--suite", "s", "--python-races", "package, stdlib" };
	assert_int_equal(options_parse(&settings, 5, options), 0);
	char *text = option_python_races_text(settings.python_races);
	assert_string_equal(text, "package,stdlib");
	free(text);
	assert_null(options_set_key(&settings, "python-races", "package, tests"));
	assert_int_equal(settings.python_races, PYTHON_RACES_PACKAGE | PYTHON_RACES_TESTS);
	assert_null(options_set_key(&settings, "python-races", "off"));
	text = option_python_races_text(settings.python_races);
	assert_string_equal(text, "off");
	free(text);
	settings_clear(&settings);
}

static void races_of_python_code_have_a_share_and_all_if_asked_for(void **state)
{
	(void)state;
	struct settings settings;
	settings_init(&settings);
	assert_int_equal(settings_python_every(&settings), PYTHON_RACES_EVERY);
	settings.leaks = true; /* what grows is counted */
	assert_int_equal(settings_python_every(&settings), 0);
	assert_null(options_set_key(&settings, "python-races", "package"));
	assert_int_equal(settings_python_every(&settings), 1);
	settings.leaks = false;
	assert_int_equal(settings_python_every(&settings), 1);
	assert_null(options_set_key(&settings, "python-races-every", "7"));
	assert_int_equal(settings_python_every(&settings), 7);
	assert_null(options_set_key(&settings, "python-races", "off"));
	assert_int_equal(settings_python_every(&settings), 0);
	settings_clear(&settings);

	settings_init(&settings);
	char *pairs[] = { "ftstress", "--suite", "s", "--pairs" };
	assert_int_equal(options_parse(&settings, 4, pairs), 0);
	assert_int_equal(settings_python_every(&settings), 0);
	settings_clear(&settings);
	COMPLAINS("--python-races-every: expected a number from 1", "--python-races-every", "0");
}

static void pairs_of_classes_in_python_look_at_variables_unless_told_otherwise(void **state)
{
	(void)state;
	struct settings settings;
	settings_init(&settings);
	assert_int_equal(settings.python_classes, CLASSES_AUTO);
	char *pairs[] = { "ftstress", "--suite", "s", "--pairs", "--python-classes", "on" };
	assert_int_equal(options_parse(&settings, 6, pairs), 0);
	assert_int_equal(settings.python_classes, CLASSES_ON);
	settings_set_python_pairs(&settings);
	assert_int_equal(settings_python_every(&settings), 1);
	assert_int_equal(settings.python_races, PYTHON_RACES_PACKAGE);
	assert_null(options_set_key(&settings, "python-races", "off"));
	settings_set_python_pairs(&settings);
	assert_int_equal(settings_python_every(&settings), 0);
	settings_clear(&settings);
	COMPLAINS("--python-classes: expected on, off or auto", "--python-classes", "all");
}

static void run_takes_a_script(void **state)
{
	(void)state;
	struct settings settings;
	settings_init(&settings);
	char *words[] = { "ftstress", "run", "x.py", "--iterations", "3" };
	assert_int_equal(options_parse(&settings, 5, words), 0);
	assert_int_equal(settings.command, COMMAND_RUN);
	assert_string_equal(settings.suite, "x.py");
	settings_clear(&settings);
	COMPLAINS("unexpected \"y.py\"", "run", "x.py", "y.py");
}

static void a_suites_run_section_takes_the_same_values(void **state)
{
	(void)state;
	struct settings settings;
	settings_init(&settings);
	assert_null(options_set_key(&settings, "threads", "2-4"));
	assert_int_equal(settings.threads_max, 4);
	assert_int_equal(settings.heap, HEAP_ON);
	assert_null(options_set_key(&settings, "memory", "2000"));
	assert_null(options_set_key(&settings, "memory", "deep")); /* no limit, a short form */
	assert_int_equal(settings.heap, HEAP_DEEP);
	assert_int_equal(settings.memory, 2000);
	assert_null(options_set_key(&settings, "heap", "off"));
	assert_int_equal(settings.heap, HEAP_OFF);
	char *error = options_set_key(&settings, "threads", "many");
	assert_non_null(strstr(error, "not \"many\""));
	free(error);
	error = options_set_key(&settings, "thread", "2");
	assert_non_null(strstr(error, "did you mean \"threads\"?"));
	free(error);
	error = options_set_key(&settings, "seed", "1"); /* an option, but not one for a suite */
	assert_non_null(strstr(error, "no key \"seed\""));
	free(error);
	settings_clear(&settings);
}

static void durations_are_sums_of_units(void **state)
{
	(void)state;
	double seconds;
	assert_true(parse_duration("90", &seconds) && seconds > 89.9 && seconds < 90.1);
	assert_true(parse_duration("1h30m", &seconds) && seconds > 5399 && seconds < 5401);
	assert_true(parse_duration("0.5s", &seconds) && seconds > 0.4 && seconds < 0.6);
	assert_false(parse_duration("", &seconds));
	assert_false(parse_duration("m", &seconds));
	assert_false(parse_duration("1y", &seconds));
	assert_false(parse_duration("-1s", &seconds));
}

static void edits_are_counted(void **state)
{
	(void)state;
	assert_int_equal(edit_distance("", "abc"), 3);
	assert_int_equal(edit_distance("threads", "threads"), 0);
	assert_int_equal(edit_distance("therads", "threads"), 1);
	assert_int_equal(edit_distance("numpy_test", "numpy_tests"), 1);
}

static void help_fits_a_screen(void **state)
{
	(void)state;
	char *text = NULL;
	size_t length;
	FILE *out = open_memstream(&text, &length);
	options_help(out, (struct option_word[]){ { "page", "for people" }, { 0 } });
	fclose(out);
	assert_non_null(strstr(text, "page   for people"));
	assert_true(strstr(text, "--suite numpy_tests") < strstr(text, "--iterations N"));
	size_t lines = 0, longest = 0;
	for (char *rest = text, *line; (line = strsep(&rest, "\n")); lines++)
		if (strlen(line) > longest)
			longest = strlen(line);
	assert_in_range(lines, 20, 64);
	assert_in_range(longest, 20, 90);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_option_is_taken),
		cmocka_unit_test(a_single_number_of_threads_is_a_range_of_one),
		cmocka_unit_test(a_duration_alone_has_no_end_of_iterations),
		cmocka_unit_test(the_gate_stands_for_one_fixed_pass),
		cmocka_unit_test(pairs_run_whole_slices_unless_a_budget_is_given),
		cmocka_unit_test(the_gate_takes_options_that_leave_it_fixed),
		cmocka_unit_test(the_gate_refuses_what_would_change_its_result),
		cmocka_unit_test(a_gate_is_taken_up_again_by_resume),
		cmocka_unit_test(pairs_are_taken_up_again_with_their_types_and_options),
		cmocka_unit_test(a_token_goes_there_and_back),
		cmocka_unit_test(exploring_is_bounded_and_takes_one_test_at_a_time),
		cmocka_unit_test(a_misspelt_option_names_the_closest),
		cmocka_unit_test(a_bad_value_says_what_is_expected),
		cmocka_unit_test(races_of_python_code_are_looked_for_where_it_is_said),
		cmocka_unit_test(races_of_python_code_have_a_share_and_all_if_asked_for),
		cmocka_unit_test(
			pairs_of_classes_in_python_look_at_variables_unless_told_otherwise),
		cmocka_unit_test(run_takes_a_script),
		cmocka_unit_test(a_suites_run_section_takes_the_same_values),
		cmocka_unit_test(durations_are_sums_of_units),
		cmocka_unit_test(edits_are_counted),
		cmocka_unit_test(help_fits_a_screen),
	};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
