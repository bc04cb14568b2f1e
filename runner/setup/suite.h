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
	char *folder; /* in which the file lies */
	char *name;
	char *record;      /* the name of its store and reports: NAME, or NAME-pairs */
	char *description; /* this and what follows: NULL if not given */
	char *python;      /* "3.14": one of ftstress/pythons.h */
	char *driver;      /* one of drivers.h */
	bool files;        /* as in struct driver */
	char *tests;       /* default for --tests */
	struct strings targets, harvests, installs,
		requires,
	paths, args, skips, unsafes, suppressions, policies, baselines;
	struct suite_pair *run;
	size_t run_count, run_capacity;
	struct suite_pair *env;
	size_t env_count, env_capacity;
};

/*
 * Reads a suite. `name` is the name of one in `folder`, the suites that come with ftstress, or the
 * path of a suite file, or of a script (.py), which alone is a suite. Returns 0, and suite_clear() frees it; or EXIT_BAD_INPUT after a message to
 * the user, which has the closest name there is, or the file and line of a mistake.
 */
int suite_load(struct suite *suite, const char *name, const char *folder,
	       const struct drivers *drivers);
void suite_clear(struct suite *suite);

/* Sets what the suite's [run] says. Returns 0, or EXIT_BAD_INPUT after a message to the user. */
int suite_apply(const struct suite *suite, struct settings *settings);

/* Prints name and description of each suite in `folder`. Returns 0 or an exit code. */
int suite_list(const char *folder, const struct drivers *drivers, FILE *out);

#endif
