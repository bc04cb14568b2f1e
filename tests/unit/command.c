/* command.c - commands that can be copied: they start this very program. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <unistd.h>

#include "runner/setup/command.h"
#include "runner/base/util.h"

/* Last: it defines a macro of the name of util.h's fail(). */
#include <cmocka.h>

/* What is printed for a program called `called`, where PATH leads to a link to `target`. */
static char *program(const char *called, const char *target)
{
	char folder[] = "/tmp/ftstress-command-XXXXXX";
	assert_non_null(mkdtemp(folder));
	char *link = xprintf("%s/ftstress", folder);
	char *path = xprintf("/nowhere:%s", folder);
	assert_int_equal(symlink(target, link), 0);
	assert_int_equal(setenv("PATH", path, 1), 0);
	char *text = command_program(called);
	unlink(link);
	rmdir(folder);
	free(link);
	free(path);
	return text;
}

static void expect(const char *called, const char *target, const char *expected)
{
	char *text = program(called, target);
	assert_string_equal(text, expected);
	free(text);
}

static void the_program_is_named_as_it_was_called_unless_path_leads_to_it(void **state)
{
	(void)state;
	char ours[4096] = "";
	assert_true(readlink("/proc/self/exe", ours, sizeof ours - 1) > 0);
	expect("build/ftstress", ours, "ftstress");
	expect("build/ftstress", "/bin/true", "build/ftstress");
	expect("build/ftstress", "/no/such/file", "build/ftstress");
	expect("my build/ftstress", "/bin/true", "'my build/ftstress'");
}

static void what_goes_on_is_found_by_suite_and_output(void **state)
{
	(void)state;
	struct settings settings;
	settings_init(&settings);
	settings.suite = xstrdup("mine.ini");
	char *text = command_resume("build/ftstress", &settings);
	assert_string_equal(text, "build/ftstress --suite mine.ini --resume");
	free(text);
	free(settings.output);
	settings.output = xstrdup("my reports");
	text = command_resume("ftstress", &settings);
	assert_string_equal(text, "ftstress --suite mine.ini --output 'my reports' --resume");
	free(text);
	settings.pairs = true;
	text = command_resume("ftstress", &settings);
	assert_string_equal(text,
			    "ftstress --suite mine.ini --pairs --output 'my reports' --resume");
	free(text);
	settings_clear(&settings);
}

/* It is told once, not by all that it stands for. */
static void an_order_that_was_explored_is_run_again_by_two_options(void **state)
{
	(void)state;
	struct settings base, now;
	settings_init(&base);
	settings_init(&now);
	char *const argv[] = { "ftstress", "--suite", "x.py", "--explore" };
	assert_int_equal(options_parse(&now, 4, argv), 0);
	char *text = command_replay("ftstress", &now, &base);
	assert_string_equal(text, "ftstress --suite x.py --explore");
	free(text);
	settings_clear(&now);
	settings_clear(&base);
}

static void a_share_of_python_races_is_told_where_the_suite_has_another(void **state)
{
	(void)state;
	struct settings base, now;
	settings_init(&base);
	settings_init(&now);
	char *const all[] = { "ftstress", "--suite", "x", "--python-races", "package,tests" };
	assert_int_equal(options_parse(&now, 5, all), 0);
	char *text = command_replay("ftstress", &now, &base);
	assert_string_equal(text, "ftstress --suite x --python-races-every 1");
	free(text);
	assert_null(options_set_key(&now, "python-races", "stdlib"));
	text = command_replay("ftstress", &now, &base);
	assert_string_equal(text, "ftstress --suite x --python-races stdlib");
	free(text);
	assert_null(options_set_key(&now, "python-races-every", "3"));
	text = command_replay("ftstress", &now, &base);
	assert_string_equal(text,
			    "ftstress --suite x --python-races stdlib --python-races-every 3");
	free(text);
	assert_null(options_set_key(&now, "python-races", "off"));
	text = command_replay("ftstress", &now, &base);
	assert_string_equal(text, "ftstress --suite x --python-races off");
	free(text);
	now.pairs = true;
	assert_null(options_set_key(&now, "python-classes", "on"));
	text = command_replay("ftstress", &now, &base);
	assert_string_equal(text,
			    "ftstress --suite x --pairs --python-classes on --python-races off");
	free(text);
	settings_clear(&now);
	settings_clear(&base);
}

static void a_command_line_is_what_a_shell_takes(void **state)
{
	(void)state;
	char *const argv[] = { "x", "--suite", "mine.ini", "--tests", "a and b", NULL };
	char *text = command_line("build/ftstress", 5, argv);
	assert_string_equal(text, "build/ftstress --suite mine.ini --tests 'a and b'");
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_program_is_named_as_it_was_called_unless_path_leads_to_it),
		cmocka_unit_test(what_goes_on_is_found_by_suite_and_output),
		cmocka_unit_test(an_order_that_was_explored_is_run_again_by_two_options),
		cmocka_unit_test(a_share_of_python_races_is_told_where_the_suite_has_another),
		cmocka_unit_test(a_command_line_is_what_a_shell_takes),
	};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
