/* words.c - see words.h. */
#include "runner/model/words.h"

#include <string.h>
#include <stdlib.h>

#include "runner/model/cxx_name.h"

char *words_name(const struct stack *stack, size_t at)
{
	if (at >= stack->count)
		return xstrdup("an unknown function");
	char *name = frame_name(&stack->frames[at]);
	size_t length = strlen(name);
	if (length <= WORDS_NAME_MAX)
		return name;
	while (length > WORDS_NAME_MAX - 3 || ((unsigned char)name[length] & 0xc0) == 0x80)
		length--;
	char *cut = xprintf("%.*s...", (int)length, name);
	free(name);
	return cut;
}

char *words_function(const struct stack *stack)
{
	return words_name(stack, site_frame(stack));
}

/* "numpy/random/_mt19937.pyx:186"; to be freed, or NULL. */
static char *location(const struct frame *frame, const struct roots *roots)
{
	if (!frame->file)
		return NULL;
	char *path = short_path(frame->file, roots);
	char *text = frame->line
			     ? xprintf("%s:%s%d", path, frame->near_line ? "~" : "", frame->line)
			     : xstrdup(path);
	free(path);
	return text;
}

void words_add_frame(struct buf *out, const struct frame *frame, const struct roots *roots)
{
	char *where = location(frame, roots);
	if (where)
		buf_printf(out, " (%s)", where);
	free(where);
}

void words_add_location(struct buf *out, const struct stack *stack, const struct roots *roots)
{
	size_t at = site_frame(stack);
	if (at != SITE_NONE)
		words_add_frame(out, &stack->frames[at], roots);
}

bool words_two_sides(const struct finding *finding, const struct participant **first,
		     const struct participant **second)
{
	if (finding->participant_count < 2)
		return false;
	*first = &finding->participants[0];
	*second = &finding->participants[1];
	if (!(*first)->write && (*second)->write) {
		const struct participant *swap = *first;
		*first = *second;
		*second = swap;
	}
	return true;
}

void words_add_single(struct buf *out, const char *before, const struct finding *finding,
		      const struct roots *roots)
{
	const struct stack *stack =
		finding->participant_count ? &finding->participants[0].stack : NULL;
	if (!stack || !stack->count) {
		buf_puts(out, before);
		return;
	}
	char *name = words_function(stack);
	buf_printf(out, "%s in %s", before, name);
	words_add_location(out, stack, roots);
	free(name);
}

const char *words_article(const char *name)
{
	return *name && strchr("aeiou", *name) ? "an" : "a";
}

void words_add_object(struct buf *out, const struct subject *subject)
{
	bool known = (subject->kind == SUBJECT_OBJECT || subject->kind == SUBJECT_BUFFER) &&
		     subject->type && *subject->type;
	if (!known)
		buf_puts(out, "memory");
	else
		buf_printf(out, "%s%s %s object",
			   subject->kind == SUBJECT_BUFFER ? "the data of " : "",
			   words_article(subject->type), subject->type);
}

/* The innermost line of Python that somebody wrote. */
static const struct frame *line_of(const struct stack *stack)
{
	for (size_t i = 0; i < stack->count; i++) {
		const struct frame *frame = &stack->frames[i];
		if (frame->language == FRAME_PYTHON && !frame->plumbing && frame->file &&
		    frame->line)
			return frame;
	}
	return NULL;
}

void words_add_line(struct buf *out, const struct stack *stack, size_t told,
		    const struct roots *roots)
{
	const struct frame *line = line_of(stack);
	if (!line || (told < stack->count && line == &stack->frames[told]))
		return;
	char *path = short_path(line->file, roots);
	buf_printf(out, ", at %s:%d in %s", path, line->line, line->function);
	free(path);
}
