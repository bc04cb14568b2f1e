/*
 * report.h - the report writers: what a run found, told in the form that its reader wants.
 *
 *	formats.h    the list of formats: a new one is one file and one line there
 *	html.c       for people, the morning after: page.html (reports/page) with the JSON in it
 *	json.c       for programs: schema in docs/report-schema.json; json_run.c: the run in it
 *	tap.c        for CI that reads TAP; tap14.c: TAP 14
 *	junit.c      for CI that reads JUnit XML
 *	sarif.c      for code scanning; sarif_parts.c: its messages, locations and flows
 *	github.c     for GitHub Actions: annotations and a job summary
 *	md.c, rst.c  for a package's documentation: which operations are safe (safety.c)
 *	summary.c    for the terminal, at the end of a run
 *	entries.c    what all of them list: a type's races as one entry; fields.c: what these are on;
 *	             listing.c: which operations and pairs race; culprits.c: which of them are to blame
 *	told.c       an entry in lines of text; level.c: how grave it is, in a word
 *	user_files.c where in the user's repository a frame is
 *	repeats.c    frames, stacks and lines of source in JSON, each once; packed.c: JSON in the page
 *	runs_page.c  index.html: all runs of all suites
 *	text.c       words that several of them use; tried.c: what a run tried, and what to run next
 *	source.c     lines of source files, through a small cache
 *
 * Nothing here looks at the store or the worker: a report is a function of its input. Not
 * thread-safe: one report is written at a time.
 */
#ifndef REPORTS_REPORT_H
#define REPORTS_REPORT_H

#include <stdbool.h>
#include <stdio.h>

#include "ftstress/finding.h"

struct report_format {
	const char *name;      /* what --format takes: "html" */
	const char *extension; /* of the file, without the dot; NULL: standard output */
	const char *help;      /* a few words for --help */
	/*
	 * Write the whole report to `out` and flush it; `out` stays open. Returns 0, or an errno
	 * value if anything could not be written (ENOSPC, EIO, ...): the caller tells the user,
	 * with the file's name. What was written by then is not a report.
	 */
	int (*write)(FILE *out, const struct report_input *input);
};

/* Every format, in the order in which --help lists them; ends with NULL. */
extern const struct report_format *const report_formats[];

/* The format of this name, or NULL. */
const struct report_format *report_find(const char *name);

/*
 * Writes the line from which on GitHub Actions takes what a program prints for text and not for its commands,
 * or, if not `begin`, the one that ends that. `token`: a word that nobody else can know.
 */
void report_github_quote(FILE *out, const char *token, bool begin);

/*
 * The summary at the end of a run: each new entry with its title, what the program said of it,
 * the object, and on every side the locks and the deepest line of the user's own Python and C; count,
 * test and the command that shows it again. What is known, upstream or suppressed in one line; what
 * was tried, and what to run next.
 *
 * `color`: use ANSI colours. `columns`: the terminal's width, at least 40; 0 = unlimited, nothing
 * is cut (output into a file). Commands are never cut. Returns 0 or an errno value, as above.
 */
int report_summary(FILE *out, const struct report_input *input, bool color, unsigned columns);

#endif
