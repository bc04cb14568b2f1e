/* news.c - see news.h. */
#include "runner/run/news.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runner/base/util.h"
#include "runner/model/matrix.h"

#define ERRORS_SHOWN 5 /* so many messages about tests that can't be imported are printed */

static bool announced(const struct news *news, const char *id)
{
	for (size_t i = 0; i < news->announced_count; i++)
		if (strcmp(news->announced[i], id) == 0)
			return true;
	return false;
}

static bool to_announce(const struct news *news, const struct finding *finding)
{
	return finding->status == STATUS_NEW && !announced(news, finding->id);
}

/* Pairs are told by their types: nothing of them has the status of what it comes of (reports/settle.h). */
static bool may_follow(const struct finding *finding)
{
	return !finding->test_count || !matrix_type_length(finding->tests[0]);
}

/* What only comes of a known bug is no news: each gets the status that the report says. That looks at all findings. */
static void settle(const struct news *news, const struct occurrence *seen, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (to_announce(news, seen[i].finding) && may_follow(seen[i].finding)) {
			size_t all;
			collator_findings(news->collator, &all);
			return;
		}
}

void news_findings(struct news *news)
{
	size_t count;
	const struct occurrence *seen = collator_occurrences(news->collator, &count);
	settle(news, seen, count);
	for (size_t i = 0; i < count; i++) {
		const struct finding *finding = seen[i].finding;
		if (!to_announce(news, finding))
			continue;
		ARRAY_PUSH(news->announced, news->announced_count, news->announced_capacity,
			   xstrdup(finding->id));
		if (!news->quiet)
			warn("new: %s  %s", finding->id, finding->title);
	}
}

void news_note(const struct news *news, const char *format, ...)
{
	char *line = NULL;
	va_list args;
	va_start(args, format);
	int length = vasprintf(&line, format, args);
	va_end(args);
	if (length < 0)
		return;
	collator_note(news->collator, line);
	if (news->verbose)
		warn("%s", line);
	free(line);
}

void news_error(struct news *news, const char *line, const char *traceback)
{
	collator_note(news->collator, line);
	if (!news->first_error)
		news->first_error = xprintf("%s\n%s", line, traceback);
	if (news->errors_shown++ < ERRORS_SHOWN)
		warn("%s", line);
	else if (news->errors_shown == ERRORS_SHOWN + 1)
		warn("further messages of this kind are in the report");
}

void news_unimported(struct news *news, const char *file, const char *why)
{
	for (size_t i = 0; i < news->unimported_count; i++)
		if (strcmp(news->unimported[i], file) == 0)
			return;
	ARRAY_PUSH(news->unimported, news->unimported_count, news->unimported_capacity,
		   xstrdup(file));
	size_t length = strlen(file); /* the reason may begin with it */
	if (!news->unimported_why)
		news->unimported_why = xstrdup(
			!strncmp(why, file, length) && why[length] == ':' ? why + length + 2 : why);
}

void news_clear(struct news *news)
{
	for (size_t i = 0; i < news->unimported_count; i++)
		free(news->unimported[i]);
	free(news->unimported);
	free(news->unimported_why);
	for (size_t i = 0; i < news->announced_count; i++)
		free(news->announced[i]);
	free(news->announced);
	free(news->first_error);
}
