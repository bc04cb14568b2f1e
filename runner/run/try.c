/*
 * try.c - `ftstress try PACKAGE`: a suite file for a package that nobody has written one for, and then a run of it.
 *
 * What is looked for, and how, is the toolchain's business (stress/toolchain/lib/try.sh).
 */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "runner/base/progress.h"
#include "runner/base/spawn.h"
#include "runner/base/util.h"
#include "runner/run/run.h"
#include "runner/setup/environment.h"
#include "runner/setup/paths.h"

/* Tells what was found; returns the suite file's path, or NULL after a message to the user. */
static char *take_answer(const struct settings *settings, struct buf *out)
{
	while (out->length && out->data[out->length - 1] == '\n')
		out->data[--out->length] = '\0';
	const char *text = out->length ? out->data : "";
	const char *line = strrchr(text, '\n');
	json_t *answer = json_loads(line ? line + 1 : text, 0, NULL);
	const char *suite = json_string_value(json_object_get(answer, "suite"));
	const char *subject = json_string_value(json_object_get(answer, "subject"));
	char *path = NULL;
	if (suite)
		path = *suite == '/' ? xstrdup(suite) : xprintf("./%s", suite);
	else
		fail(0, "the toolchain's answer is not what was expected: %s", text);
	size_t i;
	json_t *item;
	json_array_foreach(json_object_get(answer, "notes"), i, item)
		warn("%s", json_string_value(item) ? json_string_value(item) : "");
	if (path && !settings->quiet && subject)
		printf("%s: %lld tests; how they are run stands in %s\n", subject,
		       (long long)json_integer_value(json_object_get(answer, "tests")), suite);
	else if (path && !settings->quiet)
		printf("%s is there, and taken as it is\n", suite);
	fflush(stdout);
	json_decref(answer);
	return path;
}

/* Has the suite file written; *suite is its path, to be freed. */
static int look(const struct settings *settings, const struct invocation *invocation,
		const struct paths *paths, char **suite)
{
	struct progress *progress = progress_open(settings->quiet);
	char *self = realpath("/proc/self/exe", NULL);
	char *const arguments[] = { paths->prepare, (char[]){ "try" }, settings->suite,
				    self ? self : (char *)invocation->program, NULL };
	struct spawn spawn = { .arguments = arguments,
			       .progress_variable = "PREPARE_PROGRESS_FD",
			       .progress = progress_line,
			       .arg = progress,
			       .stop = invocation->stop };
	struct spawned spawned;
	int code = spawn_run(&spawn, &spawned);
	progress_close(progress);
	if (!code && spawned.status == 0) {
		*suite = take_answer(settings, &spawned.out);
		code = *suite ? EXIT_CLEAN : EXIT_INTERNAL;
	} else if (!code) {
		fputs(spawned.err.data ? spawned.err.data : "", stderr);
		if (spawned.err.length == 0)
			fail(0, "%s ended with status %d", paths->prepare, spawned.status);
		code = EXIT_BAD_INPUT;
	}
	spawned_clear(&spawned);
	free(self);
	return code;
}

/* The run, as if the suite file had been given: what is kept of the command line says so, too. */
static int run_written(struct settings *settings, const struct invocation *invocation, char *suite)
{
	char option[] = "--suite", *package = settings->suite;
	char **argv = xcalloc((size_t)invocation->argc + 1, sizeof *argv);
	int argc = 0;
	bool word = false; /* the command itself has passed by */
	for (int i = 0; i < invocation->argc; i++) {
		char *given = invocation->argv[i];
		if (!word && strcmp(given, "try") == 0) {
			word = true;
			argv[argc++] = option;
		} else if (word && package && strcmp(given, package) == 0) {
			package = NULL;
			argv[argc++] = suite;
		} else {
			argv[argc++] = given;
		}
	}
	struct invocation written = *invocation;
	written.argc = argc;
	written.argv = argv;
	settings_clear(settings);
	settings_init(settings);
	int code = options_parse(settings, argc, argv);
	if (!code)
		code = run_suite(settings, &written);
	free(argv);
	return code;
}

int run_try(struct settings *settings, const struct invocation *invocation)
{
	if (!settings->suite)
		return fail(EXIT_BAD_INPUT,
			    "which package? ftstress try bitarray, "
			    "bitarray==3.8.0, or a folder with its source: ./bitarray");
	struct paths paths;
	char *suite = NULL;
	int code = paths_find(&paths);
	if (!code) {
		code = look(settings, invocation, &paths, &suite);
		paths_clear(&paths);
	}
	if (!code)
		code = run_written(settings, invocation, suite);
	free(suite);
	return code;
}
