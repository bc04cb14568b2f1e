/*
 * news.h - prints, during a run, what the user should know at once: new findings, notes, tests that
 * can't be imported.
 *
 * Notes are kept for the report, too. Not thread-safe.
 */
#ifndef RUNNER_NEWS_H
#define RUNNER_NEWS_H

#include <stdbool.h>
#include <stddef.h>

#include "runner/collate/collate.h"

struct news {
	struct collator *collator;
	bool quiet, verbose;
	char **announced; /* ids of findings that were printed */
	size_t announced_count, announced_capacity;
	size_t errors_shown;
	char *first_error; /* text of the first import that failed, or NULL */
	char **unimported; /* files that only ThreadSanitizer's Python can't import */
	size_t unimported_count, unimported_capacity;
	char *unimported_why; /* the first one's reason */
};

/* Prints the findings that are new and not stored yet, each once. */
void news_findings(struct news *news);
/* Adds a note, and prints it with --verbose. */
void news_note(const struct news *news, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
/* Prints a zygote's error message, which is one line. The traceback of the first one is kept. */
void news_error(struct news *news, const char *line, const char *traceback);
/* Counts a file that can't be imported, once, however many zygotes tell of it. */
void news_unimported(struct news *news, const char *file, const char *why);
void news_clear(struct news *news);

#endif
