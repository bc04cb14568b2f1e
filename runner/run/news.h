/*
 * news.h - what the user is told while a run goes on: findings, notes, tests that can't be
 * imported.
 *
 * Notes are kept for the report as well. Not thread-safe.
 */
#ifndef RUNNER_NEWS_H
#define RUNNER_NEWS_H

#include <stdbool.h>
#include <stddef.h>

#include "runner/collate/collate.h"

struct news {
	struct collator *collator; /* borrowed */
	bool quiet, verbose;
	char **announced; /* ids of findings that the user was told of */
	size_t announced_count, announced_capacity;
	size_t errors_shown;
	char *first_error; /* text of the first import that failed, or NULL */
};

/* Tells of findings that are new and not stored yet, each once. */
void news_findings(struct news *news);
void news_note(const struct news *news, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
/* A zygote's error message, in one line, and its traceback. */
void news_error(struct news *news, const char *line, const char *traceback);
void news_clear(struct news *news);

#endif
