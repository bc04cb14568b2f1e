/*
 * runs_page.h - index.html of an output folder: all runs of all its suites, and where each suite is heading.
 *
 * Like any report a function of its input; the runner reads the stores (runner/run/index.c).
 */
#ifndef REPORTS_RUNS_PAGE_H
#define REPORTS_RUNS_PAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct runs_page_run {
	int64_t number, started, ended; /* Unix seconds; ended 0: not known */
	const char *state;              /* "finished" */
	uint64_t iterations;
	uint64_t findings, fresh; /* of all kinds and states; those that no earlier run had */
	char *page;               /* the file's name, or NULL: there is none (any more) */
};

struct runs_page_suite {
	char *name;
	struct runs_page_run *runs; /* the oldest first; at least one */
	size_t count;
};

/* Writes the page and flushes. Returns 0 or an errno value. */
int runs_page_write(FILE *out, const struct runs_page_suite *suites, size_t count);

#endif
