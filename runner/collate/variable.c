/* variable.c - see variable.h. */
#include "runner/collate/variable.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "ftstress/record.h"
#include "runner/base/util.h"
#include "runner/model/interleaving.h"

/* "PATTERN\tattribute\tvalue\tCounter" is "attribute\tvalue\tCounter". */
static const char *named_variable(const char *text)
{
	const char *what = text ? strchr(text, '\t') : NULL;
	const char *name = what ? strchr(++what, '\t') : NULL;
	if (!name || name[1] == '\t' || !name[1])
		return NULL;
	return !strncmp(what, "attribute\t", 10) || !strncmp(what, "global\t", 7) ||
			       !strncmp(what, "generator\t", 10)
		       ? what
		       : NULL;
}

/* Sites of Python code are "py:FUNCTION@FILE". */
static const char *file_of_site(const char *site)
{
	const char *at = strrchr(site, '@');
	return at ? at : site;
}

char *variable_fingerprint(enum finding_kind kind, const char *text, const char *const *sites,
			   size_t count)
{
	const char *variable = named_variable(text);
	if (!variable)
		return NULL;
	const char *file = count ? file_of_site(sites[0]) : "";
	for (size_t i = 1; i < count; i++) {
		const char *other = file_of_site(sites[i]);
		file = strcmp(other, file) < 0 ? other : file;
	}
	const char *parts[] = { variable, file };
	return fingerprint(kind, parts, 2);
}

#define MEANT "# ftstress: ok"

char *variable_meant(struct source_cache *sources, const struct frame *frame,
		     const struct roots *places)
{
	struct source_line line;
	if (!frame->file || !source_get(sources, frame->file, frame->line, &line))
		return NULL;
	char *text = xstrndup(line.text, line.length), *meant = strstr(text, MEANT), *words = NULL;
	if (meant) {
		char *path = short_path(frame->file, places);
		words = xprintf("%s (%s:%d)", meant, path, frame->line);
		free(path);
	}
	free(text);
	return words;
}

enum { STEPS = 8 };

enum pattern { UPDATES, CHECKS_AND_ACTS, CHECKS_AND_USES };

static enum pattern pattern_of(const struct report_view *view)
{
	static const char *const patterns[] = { [CHECKS_AND_ACTS] = "check-then-act\t",
						[CHECKS_AND_USES] = "check-then-use\t" };
	for (size_t i = CHECKS_AND_ACTS; i <= CHECKS_AND_USES; i++)
		if (view->text_length >= strlen(patterns[i]) &&
		    !memcmp(view->text, patterns[i], strlen(patterns[i])))
			return (enum pattern)i;
	return UPDATES;
}

enum { STEP_FIRST, STEP_BETWEEN, STEP_LAST };

/* The words for a step of a race in Python code. */
static char *step_words(const struct section_view *section, enum pattern pattern, bool last)
{
	static const char *const words[][3] = {
		[UPDATES] = { "reads", "writes", "writes over it" },
		[CHECKS_AND_ACTS] = { "checks", "changes it", "acts" },
		[CHECKS_AND_USES] = { "checks", "takes it away", "uses it" },
	};
	bool write = section->head.flags & FTS_ACCESS_WRITE;
	const char *does = words[pattern][last ? STEP_LAST : write ? STEP_BETWEEN : STEP_FIRST];
	return section->head.text_length
		       ? xprintf("%s: %.*s", does, (int)section->head.text_length, section->text)
		       : xstrdup(does);
}

static char *source_of(struct source_cache *sources, const struct frame *frame)
{
	struct source_line line;
	if (!frame->file || !source_get(sources, frame->file, frame->line, &line))
		return NULL;
	const char *end = line.text + line.length;
	while (line.text < end && isspace((unsigned char)*line.text))
		line.text++;
	while (line.text < end && isspace((unsigned char)end[-1]))
		end--;
	return xstrndup(line.text, (size_t)(end - line.text));
}

static char *draw_steps(const struct variable_sight *sight, enum pattern pattern)
{
	const struct report_view *view = sight->view;
	struct interleaving_step steps[STEPS];
	struct stack stacks[STEPS];
	char *words[STEPS], *sources[STEPS];
	size_t count = 0;
	for (size_t i = 0; i < view->count && count < STEPS; i++) {
		const struct section_view *section = &view->sections[i];
		if (section->head.kind != FTS_SEC_STEP)
			continue;
		struct frame none = { 0 };
		sight->stack_of(sight->context, i, &stacks[count]);
		const struct frame *frame = stacks[count].count ? stacks[count].frames : &none;
		words[count] = step_words(section, pattern, i + 1 == view->count);
		sources[count] = source_of(sight->sources, frame);
		steps[count] =
			(struct interleaving_step){ frame->file, words[count], sources[count],
						    frame->line, section->head.value ? 1 : 0 };
		count++;
	}
	char *drawing = interleaving_draw(steps, count);
	for (size_t i = 0; i < count; i++) {
		stack_clear(&stacks[i]);
		free(words[i]);
		free(sources[i]);
	}
	return drawing;
}

static char *acted(enum pattern pattern, const struct section_view *last)
{
	const char *does = pattern == CHECKS_AND_USES ? "used" : "acted on";
	if (!last->head.text_length)
		return xprintf("confirmed: it %s what had changed", does);
	int length = (int)last->head.text_length;
	bool none = length == 4 && !memcmp(last->text, "None", 4);
	const char *article = none ? "" : strchr("AEIOU", *last->text) ? "an " : "a ";
	return xprintf("confirmed: it %s what had changed, and got %s%.*s", does, article, length,
		       last->text);
}

void variable_seen(struct entry *entry, const struct variable_sight *sight)
{
	const struct report_view *view = sight->view;
	if (!view->count)
		return;
	const struct section_view *last = &view->sections[view->count - 1];
	bool equal = last->head.flags & FTS_STEP_EQUAL,
	     unsure = last->head.flags & FTS_STEP_UNKNOWN;
	/* One that loses says more than one that does not, and that more than one of which it is not
	 * known. */
	bool first = !entry->finding.interleaving;
	bool surer = entry->unsure ? !unsure
				   : entry->finding.shows == EVIDENCE_EQUAL && !equal && !unsure;
	if (!first && !surer)
		return;
	entry->unsure = unsure;
	enum pattern pattern = pattern_of(view);
	struct finding *finding = &entry->finding;
	free(finding->evidence);
	finding->shows = equal ? EVIDENCE_EQUAL : EVIDENCE_LOSES;
	free(finding->interleaving);
	finding->interleaving = draw_steps(sight, pattern);
	finding->evidence =
		equal ? xstrdup("seen: both threads stored an equal value, as in a cache, so nothing was lost")
		: pattern == UPDATES ? xstrdup("confirmed: an update was seen lost")
				     : acted(pattern, last);
}
