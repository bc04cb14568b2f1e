/* index.c - see index.h. */
#include "runner/run/index.h"

#include <errno.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "reports/runs_page.h"
#include "runner/base/util.h"
#include "runner/run/stores.h"
#include "runner/store/store.h"

static const char *const state_names[] = { [RUN_RUNNING] = "runs, or was cut off",
					   [RUN_FINISHED] = "finished",
					   [RUN_INTERRUPTED] = "interrupted" };

/* When the report was written for which SUITE-YYYYMMDD-HHMMSS.html stands; -1: it is another file. */
static int64_t time_of(const char *name, const char *suite)
{
	size_t length = strlen(suite);
	struct tm local = { .tm_isdst = -1 };
	const char *end = strncmp(name, suite, length) == 0 && name[length] == '-'
				  ? strptime(name + length + 1, "%Y%m%d-%H%M%S", &local)
				  : NULL;
	return end && !strcmp(end, ".html") ? (int64_t)mktime(&local) : -1;
}

/* Gives each run the page that was written at its end: the last one before the next run began. */
static void find_pages(const char *folder, struct runs_page_suite *suite)
{
	char *pattern = xprintf("%s/*.html", folder);
	glob_t found = { 0 };
	int status = glob(pattern, 0, NULL, &found);
	for (size_t i = 0; status == 0 && i < found.gl_pathc; i++) {
		const char *slash = strrchr(found.gl_pathv[i], '/');
		const char *name = slash ? slash + 1 : found.gl_pathv[i];
		int64_t written = time_of(name, suite->name);
		for (size_t k = suite->count; written >= 0 && k-- > 0;)
			if (suite->runs[k].started <= written) {
				free(suite->runs[k].page);
				suite->runs[k].page = xstrdup(name);
				break;
			}
	}
	globfree(&found);
	free(pattern);
}

/* False: there is no run, or it can't be read. */
static bool read_suite(const char *folder, const char *name, struct runs_page_suite *suite)
{
	char *path = xprintf("%s/%s.db", folder, name);
	struct store_found *runs;
	size_t count;
	bool good = store_peek(path, &runs, &count) && count;
	free(path);
	if (!good)
		return false;
	*suite = (struct runs_page_suite){ xstrdup(name), xcalloc(count, sizeof *suite->runs),
					   count };
	for (size_t i = 0; i < count; i++) {
		const struct store_run *run = &runs[i].run;
		suite->runs[i] = (struct runs_page_run){ run->id,
							 run->started,
							 run->ended,
							 state_names[run->state],
							 run->iterations_done,
							 runs[i].findings,
							 runs[i].fresh,
							 NULL };
		store_run_clear(&runs[i].run);
	}
	free(runs);
	find_pages(folder, suite);
	return true;
}

static int write_page(const char *folder, const struct runs_page_suite *suites, size_t count)
{
	char *path = xprintf("%s/index.html", folder), *temporary = xprintf("%s.tmp", path);
	FILE *out = fopen(temporary, "we");
	int error = out ? runs_page_write(out, suites, count) : errno;
	if (out && fclose(out) != 0 && !error)
		error = errno;
	if (!error && rename(temporary, path) < 0)
		error = errno;
	if (error)
		unlink(temporary);
	free(temporary);
	free(path);
	return error;
}

void index_write(const char *folder)
{
	struct runs_page_suite *suites = NULL;
	size_t count = 0, capacity = 0, name_count;
	char **names = stores_names(folder, &name_count);
	for (size_t i = 0; i < name_count; i++) {
		struct runs_page_suite suite;
		if (read_suite(folder, names[i], &suite))
			ARRAY_PUSH(suites, count, capacity, suite);
	}
	strings_free(names, name_count);
	int error = count ? write_page(folder, suites, count) : 0;
	if (error)
		warn("%s/index.html, the list of all runs, can't be written: %s", folder,
		     strerror(error));
	for (size_t i = 0; i < count; i++) {
		for (size_t k = 0; k < suites[i].count; k++)
			free(suites[i].runs[k].page);
		free(suites[i].runs);
		free(suites[i].name);
	}
	free(suites);
}
