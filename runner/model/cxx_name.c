/* cxx_name.c - see cxx_name.h. */
#include "runner/model/cxx_name.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>

#include "runner/base/util.h"

static bool starts_with(const char *text, const char *word)
{
	return strncmp(text, word, strlen(word)) == 0;
}

static bool ends_with(const struct buf *text, const char *word)
{
	size_t length = strlen(word);
	return text->length >= length && !strcmp(text->data + text->length - length, word);
}

/* `at` is at an opening bracket: what comes behind its closing one, or NULL if there is none. */
static const char *behind_group(const char *at)
{
	size_t depth = 0;
	for (; *at; at++) {
		if (*at == '-' && at[1] == '>')
			at++;
		else if (strchr("<([{", *at))
			depth++;
		else if (strchr(">)]}", *at) && --depth == 0)
			return at + 1;
	}
	return NULL;
}

/* Takes "operator()", "operator<<", "operator new" as they are; returns what comes behind. */
static const char *take_operator(struct buf *out, const char *at)
{
	size_t length = strlen("operator");
	if (starts_with(at + length, "()") || starts_with(at + length, "[]"))
		length += 2;
	else if (at[length] == ' ')
		length++;
	else
		length += strspn(at + length, "<>=!-+*/%^&|~,");
	buf_add(out, at, length);
	return at + length;
}

static bool is_operator(const struct buf *out, const char *at)
{
	static const char word[] = "operator";
	char before = out->length ? out->data[out->length - 1] : ' ';
	char after = starts_with(at, word) ? at[sizeof word - 1] : '_';
	return !isalnum((unsigned char)before) && before != '_' && !isalnum((unsigned char)after) &&
	       after != '_';
}

/* Is a '<' Rust's "<Type as Trait>", of which the name is made, and not a list of arguments? */
static bool opens_path(const struct buf *out)
{
	if (ends_with(out, "operator<") || ends_with(out, "operator<<"))
		return false;
	return !out->length || strchr("<(& ,", out->data[out->length - 1]);
}

/* One step; returns where to go on, or NULL at the name's end. `paths`: open "<Type as Trait>". */
static const char *step(struct buf *out, const char *at, size_t *paths, bool *broken)
{
	static const char anonymous[] = "(anonymous namespace)";
	const char *next = at + 1;
	if (starts_with(at, anonymous)) {
		buf_puts(out, anonymous);
		return at + strlen(anonymous);
	}
	if (is_operator(out, at))
		return take_operator(out, at);
	if (*at == '<' && opens_path(out)) {
		(*paths)++;
	} else if (*at == '>' && *paths) {
		(*paths)--;
	} else if (strchr("<([", *at)) {
		next = behind_group(at);
		*broken = !next || !out->length;
		if (*broken)
			return NULL;
		if (*at == '<' && ends_with(out, "::")) { /* Rust's f::<u8> */
			out->length -= 2;
			out->data[out->length] = '\0';
		}
		bool last = *at == '(' && !*paths && !ends_with(out, "decltype") &&
			    !starts_with(next, "::");
		return last ? NULL : next;
	} else if (*at == ' ' && !*paths) {
		if (strchr("([", *next))
			return NULL;
		if (*next == '<') /* operator<< <int> */
			return next;
		buf_clear(out); /* it was the type that is returned */
		return next;
	}
	buf_add(out, at, 1);
	return next;
}

char *cxx_short_name(const char *name)
{
	struct buf out = { 0 };
	size_t paths = 0;
	bool broken = false;
	for (const char *at = name; at && *at;)
		at = step(&out, at, &paths, &broken);
	if (!broken && out.length)
		return buf_take(&out);
	buf_free(&out);
	return xstrdup(name);
}

char *frame_name(const struct frame *frame)
{
	if (frame->language == FRAME_CXX || frame->language == FRAME_RUST)
		return cxx_short_name(frame->function);
	size_t length = strlen(frame->function);
	if (frame->language == FRAME_CYTHON) /* compiled as C++, it has its arguments */
		length = strcspn(frame->function, "(");
	return xstrndup(frame->function, length);
}
