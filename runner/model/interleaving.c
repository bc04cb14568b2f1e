/* interleaving.c - see interleaving.h. */
#include "runner/model/interleaving.h"

#include <stdlib.h>
#include <string.h>

#include "runner/base/util.h"

#define SOURCE_MOST 60 /* bytes of a line of source; the longest that two columns leave room for */

static const char *const heads[] = { "one thread", "another thread" };

/* "counter.py:14  reads" */
static char *place_of(const struct interleaving_step *step)
{
	const char *slash = step->file ? strrchr(step->file, '/') : NULL;
	const char *name = slash ? slash + 1 : step->file;
	return name && step->line ? xprintf("%s:%d  %s", name, step->line, step->does)
				  : xstrdup(step->does);
}

static char *source_of(const struct interleaving_step *step)
{
	if (!step->source || !*step->source)
		return NULL;
	size_t length = strlen(step->source);
	if (length <= SOURCE_MOST)
		return xprintf("    %s", step->source);
	length = SOURCE_MOST - 3;
	while (length && (step->source[length] & 0xc0) == 0x80) /* in the middle of a character */
		length--;
	return xprintf("    %.*s...", (int)length, step->source);
}

static void add_line(struct buf *out, size_t indent, const char *text)
{
	if (text)
		buf_printf(out, "%*s%s\n", (int)indent, "", text);
}

char *interleaving_draw(const struct interleaving_step *steps, size_t count)
{
	size_t width = strlen(heads[0]);
	char **places = xcalloc(count, sizeof *places), **sources = xcalloc(count, sizeof *sources);
	for (size_t i = 0; i < count; i++) {
		places[i] = place_of(&steps[i]);
		sources[i] = source_of(&steps[i]);
		if (steps[i].side)
			continue;
		size_t longest = sources[i] ? strlen(sources[i]) : 0;
		longest = strlen(places[i]) > longest ? strlen(places[i]) : longest;
		width = longest > width ? longest : width;
	}
	width += 2;
	struct buf out = { 0 };
	buf_printf(&out, "%-*s%s\n", (int)width, heads[0], heads[1]);
	for (size_t i = 0; i < count; i++) {
		size_t indent = steps[i].side ? width : 0;
		add_line(&out, indent, places[i]);
		add_line(&out, indent, sources[i]);
		free(places[i]);
		free(sources[i]);
	}
	free(places);
	free(sources);
	return buf_take(&out);
}
