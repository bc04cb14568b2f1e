/*
 * suite.h - reads a suite file: what to test and how to get it. The format: docs/design.md.
 */
#ifndef RUNNER_SUITE_H
#define RUNNER_SUITE_H

#include <stddef.h>
#include <stdio.h>

#include "runner/setup/drivers.h"
#include "runner/setup/options.h"

struct strings {
	char **items;
	size_t count, capacity;
};
void strings_clear(struct strings *strings);

/* A line of [run] or [env]. */
struct suite_pair {
	char *key, *value;
	unsigned line;
};

struct suite {
	char *file;   /* absolute path */
	char *folder; /* that it is in */
	char *name;
	char *record;      /* what the store and the reports are called: the name, or NAME-pairs */
	char *description; /* NULL where not given, as below */
	char *python;      /* "3.14": one of ftstress/pythons.h */
	char *driver;      /* one of drivers.h */
	bool files;        /* its targets are paths, never what is installed */
	char *tests;       /* default for --tests */
	struct strings targets, installs,
		requires,
	paths, args, skips, unsafes, suppressions;
	struct suite_pair *run;
	size_t run_count, run_capacity;
	struct suite_pair *env;
	size_t env_count, env_capacity;
};

/*
 * Finds a suite by name (in `folder`, the suites that come with ftstress) or by the path of a file
 * and reads it. On success release with suite_clear. Otherwise returns EXIT_BAD_INPUT, having told
 * the user: a name that is none with the closest one, a mistake in the file with file and line.
 */
int suite_load(struct suite *suite, const char *name, const char *folder,
	       const struct drivers *drivers);
void suite_clear(struct suite *suite);

/* Sets what [run] says. Returns 0 or EXIT_BAD_INPUT, as above. */
int suite_apply(const struct suite *suite, struct settings *settings);

/* Prints name and description of each suite in `folder`. Returns 0 or an exit code. */
int suite_list(const char *folder, const struct drivers *drivers, FILE *out);

#endif
