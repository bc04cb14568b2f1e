/* suite.c - suite files: what is read, and mistakes told with file and line. */
#include <glob.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "runner/setup/environment.h"
#include "runner/setup/paths.h"
#include "runner/setup/suite.h"
#include "runner/base/util.h"

/* Last: it defines a macro of the name of util.h's fail(). */
#include <cmocka.h>

static char folder[] = "/tmp/ftstress-suite-XXXXXX";

static int make_folder(void **state)
{
	(void)state;
	return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state)
{
	(void)state;
	char *command = xprintf("rm -rf %s", folder);
	int status = system(command);
	free(command);
	return status;
}

static const struct drivers drivers = {
	.items = (struct driver[]){ { .name = (char *)"pytest" },
				    { .name = (char *)"made", .internal = true },
				    { .name = (char *)"unittest" },
				    { .name = (char *)"script", .files = true } },
	.count = 4,
};

/* Writes `text` as NAME.ini and loads it; messages go to *told (to be freed). */
static int load(const char *name, const char *text, struct suite *suite, char **told)
{
	char *path = xprintf("%s/%s.ini", folder, name);
	FILE *out = fopen(path, "w");
	assert_non_null(out);
	fputs(text, out);
	fclose(out);
	fflush(stderr);
	FILE *file = tmpfile();
	int saved = dup(STDERR_FILENO);
	dup2(fileno(file), STDERR_FILENO);
	int code = suite_load(suite, path, folder, &drivers);
	struct settings settings;
	settings_init(&settings);
	if (!code)
		code = suite_apply(suite, &settings);
	settings_clear(&settings);
	fflush(stderr);
	dup2(saved, STDERR_FILENO);
	close(saved);
	*told = xcalloc(4096, 1);
	rewind(file);
	(void)!fread(*told, 1, 4095, file);
	fclose(file);
	free(path);
	return code;
}

static void good(const char *text, struct suite *suite)
{
	char *told;
	int code = load("good", text, suite, &told);
	if (code || *told)
		fail_msg("code %d: %s", code, told);
	free(told);
}

static void bad(const char *text, const char *expected)
{
	struct suite suite;
	char *told;
	assert_int_equal(load("bad", text, &suite, &told), EXIT_BAD_INPUT);
	if (!strstr(told, expected))
		fail_msg("expected \"%s\" in: %s", expected, told);
	assert_null(strchr(strchr(told, '\n') + 1, '\n')); /* one message */
	free(told);
	suite_clear(&suite);
}

#define HEAD "[suite]\ndriver = pytest\ntarget = numpy\n"

static void all_keys_are_read(void **state)
{
	(void)state;
	struct suite suite;
	good("# a comment\n"
	     "[suite]\n"
	     "name = numpy_tests            ; default: the file's name\n"
	     "description = NumPy's own tests\n"
	     "python = 3.13\n"
	     "driver = pytest\n"
	     "target = numpy\n"
	     "harvest = scipy\n"
	     "          numba    ; too\n"
	     "install = numpy==2.4.6 -Csetup-args=-Dblas=none    ; from source\n"
	     "          other==1\n"
	     "require = pytest>=8\n"
	     "path = src\n"
	     "tests =\n"
	     "skip = a.py::b[1-2]\n"
	     "       # in between\n"
	     "       c.py::*\n"
	     "\n"
	     "[run]\n"
	     "threads = 2-4\n"
	     "jobs =\n"
	     "[env]\n"
	     "A = b = c\n",
	     &suite);
	assert_string_equal(suite.name, "numpy_tests");
	assert_string_equal(suite.description, "NumPy's own tests");
	assert_string_equal(suite.python, "3.13");
	assert_int_equal(suite.harvests.count, 2);
	assert_string_equal(suite.harvests.items[1], "numba");
	assert_int_equal(suite.installs.count, 2);
	assert_string_equal(suite.installs.items[0], "numpy==2.4.6 -Csetup-args=-Dblas=none");
	assert_string_equal(suite.installs.items[1], "other==1");
	assert_int_equal(suite.skips.count, 2);
	assert_string_equal(suite.skips.items[0], "a.py::b[1-2]");
	assert_string_equal(suite.skips.items[1], "c.py::*");
	assert_int_equal(suite.env_count, 1);
	assert_string_equal(suite.env[0].value, "b = c");
	suite_clear(&suite);
}

static void defaults_come_from_the_file(void **state)
{
	(void)state;
	struct suite suite;
	good(HEAD, &suite);
	assert_string_equal(suite.name, "good");
	assert_string_equal(suite.python, "3.14");
	assert_string_equal(strrchr(suite.file, '/'), "/good.ini");
	suite_clear(&suite);
}

static void a_long_line_is_one_value(void **state)
{
	(void)state;
	struct buf text = { 0 }, value = { 0 };
	for (int i = 0; i < 60; i++)
		buf_printf(&value, "%s-Csetup-args=-Doption%d=none", i ? " " : "", i);
	buf_printf(&text, HEAD "install = %s ; comment\n  second\n", value.data);
	struct suite suite;
	good(text.data, &suite);
	assert_int_equal(suite.installs.count, 2);
	assert_string_equal(suite.installs.items[0], value.data);
	assert_string_equal(suite.installs.items[1], "second");
	suite_clear(&suite);
	buf_free(&text);
	buf_free(&value);
}

static void a_long_word_is_not_torn(void **state)
{
	(void)state;
	struct buf text = { 0 }, id = { 0 };
	buf_puts(&id, "a.py::test[");
	for (int i = 0; i < 300; i++)
		buf_printf(&id, "%d;#", i);
	buf_puts(&id, "]");
	buf_printf(&text, HEAD "skip = %s\n  next\n", id.data);
	struct suite suite;
	good(text.data, &suite);
	assert_int_equal(suite.skips.count, 2);
	assert_string_equal(suite.skips.items[0], id.data);
	suite_clear(&suite);
	buf_free(&text);
	buf_free(&id);
}

static void a_mistake_is_told_with_its_line(void **state)
{
	(void)state;
	bad(HEAD "\nrequires = pytest\n", "bad.ini:5: key \"requires\" is not known; did you mean "
					  "\"require\"?");
	bad(HEAD "[rum]\nthreads = 2\n",
	    "bad.ini:5: section \"rum\" is not known; did you mean \"run\"?");
	bad(HEAD "[run]\nthreads = 2\nthreats = 2\n", "bad.ini:6: threats: [run] has no key");
	bad(HEAD "[run]\n\nthreads = 8-2\n", "bad.ini:6: threads: expected a number of threads");
	bad("x = 1\n" HEAD, "bad.ini:1: \"x\" stands before the first section");
	bad("[suite\n" HEAD, "bad.ini:1: expected [section] or name = value");
	bad(HEAD "nonsense\n", "bad.ini:4: expected [section] or name = value");
	bad("[suite]\ntarget = x\ndriver = pytst\n",
	    "bad.ini:3: driver: expected pytest, unittest or script, not \"pytst\"; did you mean");
	bad(HEAD "python = 3.12\n", "bad.ini:4: python: expected 3.14, 3.13 or 3.15, not \"3.12\"");
	bad(HEAD "driver = script\n", "bad.ini:4: \"driver\" was given before");
	bad(HEAD "name = a/b\n", "bad.ini:4: name: \"a/b\" can't be part of a file's name");
}

static void the_line_is_right_after_a_long_one(void **state)
{
	(void)state;
	struct buf text = { 0 };
	buf_puts(&text, HEAD "install =");
	for (int i = 0; i < 100; i++)
		buf_puts(&text, " -Cabcdef");
	buf_puts(&text, "\nnonsense\n");
	bad(text.data, "bad.ini:5: expected [section] or name = value");
	buf_free(&text);
}

static void what_must_be_there_is_asked_for(void **state)
{
	(void)state;
	bad("[suite]\ntarget = x\n", "needs \"driver\": pytest, unittest or script");
	bad("[suite]\ntarget = x\ndriver = made\n", "expected pytest, unittest or script");
	bad("[suite]\ndriver = script\n", "needs \"target\"");
	bad("", "needs \"driver\"");
	bad("[suite]\ndriver = script\ntarget = x\nrequire = pytest[a] numpy>=2\n",
	    "put \"numpy>=2\" on a line of its own");
}

static void a_long_comment_is_no_value(void **state)
{
	(void)state;
	struct buf text = { 0 };
	buf_puts(&text, HEAD "require = a\n# ");
	for (int i = 0; i < 100; i++)
		buf_puts(&text, "word = word ");
	buf_puts(&text, "\n");
	struct suite suite;
	good(text.data, &suite);
	assert_int_equal(suite.requires.count, 1);
	suite_clear(&suite);
	buf_free(&text);
}

static void the_suites_that_ship_are_read(void **state)
{
	(void)state;
	glob_t found;
	assert_int_equal(glob("stress/suites/*.ini", 0, NULL, &found), 0);
	for (size_t i = 0; i < found.gl_pathc; i++) {
		struct suite suite;
		assert_int_equal(suite_load(&suite, found.gl_pathv[i], folder, &drivers), 0);
		suite_clear(&suite);
	}
	globfree(&found);
}

static bool has_variable(char *const *variables, const char *text)
{
	for (size_t i = 0; variables[i]; i++)
		if (strcmp(variables[i], text) == 0)
			return true;
	return false;
}

/* A package that does not say that it can do without the GIL would have it, and no call overlaps. */
static void what_is_tried_with_pairs_is_tried_without_the_gil(void **state)
{
	(void)state;
	char *plain = (char *)"/plain", *tsan = (char *)"/tsan";
	const struct environment environment = { .plain_site = { .items = &plain, .count = 1 },
						 .tsan_site = { .items = &tsan, .count = 1 } };
	const struct paths paths = { .stress = (char *)"/stress" };
	const struct suite suite = { 0 };
	char **variables = variables_evidence(&environment, &suite, &paths, false);
	assert_true(has_variable(variables, "PYTHON_GIL=0"));
	assert_true(has_variable(variables, "PYTHONPATH=/stress:/plain"));
	variables_free(variables);
	variables = variables_evidence(&environment, &suite, &paths, true);
	assert_true(has_variable(variables, "PYTHON_GIL=0"));
	assert_true(has_variable(variables, "PYTHONPATH=/stress:/tsan"));
	variables_free(variables);
	variables = variables_plain(&environment, &suite, &paths);
	assert_false(has_variable(variables, "PYTHON_GIL=0"));
	variables_free(variables);
}

static void a_script_alone_is_a_suite(void **state)
{
	(void)state;
	static const char *const names[][2] = { { "my_script", "my_script" },
						{ "-odd name", "sodd-name" } };
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		char *path = xprintf("%s/%s.py", folder, names[i][0]);
		char *target = xprintf("%s.py", names[i][0]);
		FILE *out = fopen(path, "w");
		assert_non_null(out);
		fclose(out);
		struct suite suite;
		struct settings settings;
		settings_init(&settings);
		assert_int_equal(suite_load(&suite, path, folder, &drivers), 0);
		assert_int_equal(suite_apply(&suite, &settings), 0);
		assert_string_equal(suite.name, names[i][1]);
		assert_string_equal(suite.driver, "script");
		assert_int_equal(suite.targets.count, 1);
		assert_string_equal(suite.targets.items[0], target);
		assert_int_equal(settings.python_races, PYTHON_RACES_PACKAGE | PYTHON_RACES_TESTS);
		suite_clear(&suite);
		settings_clear(&settings);
		free(target);
		free(path);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_script_alone_is_a_suite),
		cmocka_unit_test(all_keys_are_read),
		cmocka_unit_test(what_is_tried_with_pairs_is_tried_without_the_gil),
		cmocka_unit_test(defaults_come_from_the_file),
		cmocka_unit_test(a_long_line_is_one_value),
		cmocka_unit_test(a_long_word_is_not_torn),
		cmocka_unit_test(a_mistake_is_told_with_its_line),
		cmocka_unit_test(the_line_is_right_after_a_long_one),
		cmocka_unit_test(what_must_be_there_is_asked_for),
		cmocka_unit_test(a_long_comment_is_no_value),
		cmocka_unit_test(the_suites_that_ship_are_read),
	};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
