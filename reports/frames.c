/* frames.c - see frames.h. */
#include "reports/frames.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "reports/text.h"
#include "runner/base/map.h"
#include "runner/base/util.h"
#include "runner/model/cxx_name.h"
#include "runner/symbols/source.h"

#define SOURCE_AROUND 2 /* lines shown before and after a frame's own */

/* Texts of JSON, each once. */
struct table {
	struct map by_content;
	struct buf text; /* "[a,b" */
	size_t count;
	bool ended;
};

struct frames {
	struct source_cache *sources;
	bool by_number;
	struct table frames, stacks;
};

struct frames *frames_new(bool by_number)
{
	struct frames *frames = xcalloc(1, sizeof *frames);
	frames->sources = source_open();
	frames->by_number = by_number;
	return frames;
}

static void table_clear(struct table *table)
{
	map_free(&table->by_content);
	buf_free(&table->text);
}

void frames_free(struct frames *frames)
{
	source_close(frames->sources);
	table_clear(&frames->frames);
	table_clear(&frames->stacks);
	free(frames);
}

/* The lines around a frame's own; NULL if there is no such line. */
static json_t *source_of(struct source_cache *sources, const struct frame *frame)
{
	struct source_line line;
	if (!source_get(sources, frame->file, frame->line, &line))
		return NULL;
	json_t *lines = json_array();
	for (int i = frame->line - SOURCE_AROUND; i <= frame->line + SOURCE_AROUND; i++) {
		if (!source_get(sources, frame->file, i, &line))
			continue;
		char *copy = xstrndup(line.text, line.length);
		json_t *pair = json_array();
		json_array_append_new(pair, json_integer(i));
		json_array_append_new(pair, text_json(copy));
		json_array_append_new(lines, pair);
		free(copy);
	}
	return lines;
}

static json_t *frame_of(struct source_cache *sources, const struct frame *frame, bool innermost)
{
	json_t *object = json_object();
	const char *language = frame_language_name(frame->language);
	json_object_set_new(object, "language", json_string(language));
	json_object_set_new(object, "function", text_json(frame->function));
	char *name = frame_name(frame);
	if (strcmp(name, frame->function) != 0)
		json_object_set_new(object, "short", text_json(name));
	free(name);
	json_object_set_new(object, "file", text_json(frame->file));
	json_object_set_new(object, "line", json_integer(frame->line));
	if (frame->near_line)
		json_object_set_new(object, "near", json_true());
	json_object_set_new(object, "module", text_json(frame->module));
	json_object_set_new(object, "plumbing", json_boolean(frame->plumbing));
	json_object_set_new(object, "inline", json_boolean(frame->is_inline));
	/* Plumbing is folded, but the innermost frame is where it happened, whoever's it is. */
	json_t *source = frame->plumbing && !innermost ? NULL : source_of(sources, frame);
	if (source)
		json_object_set_new(object, "source", source);
	return object;
}

/* The number of what has this key; `made` says whether its text is to be added. */
static uint64_t number_of(struct table *table, uint64_t key, bool *made)
{
	uint64_t at = map_get(&table->by_content, key);
	*made = at == MAP_NONE;
	if (!*made)
		return at;
	map_set(&table->by_content, key, table->count);
	buf_puts(&table->text, table->count ? ",\n" : "[");
	return table->count++;
}

/* All that a frame's JSON is made of. */
static uint64_t key_of(const struct frame *frame, bool innermost)
{
	const int numbers[] = {
		(int)frame->language, frame->line,      frame->plumbing,
		frame->is_inline,     frame->near_line, frame->plumbing && innermost
	};
	const char *const texts[] = { frame->function, frame->file, frame->module };
	uint64_t key = hash_bytes(1, numbers, sizeof numbers);
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
		key = hash_bytes(key, texts[i] ? texts[i] : "\1",
				 strlen(texts[i] ? texts[i] : "\1") + 1);
	return key;
}

static uint64_t frame_number(struct frames *frames, const struct frame *frame, bool innermost)
{
	bool made;
	uint64_t number = number_of(&frames->frames, key_of(frame, innermost), &made);
	if (made) {
		json_t *object = frame_of(frames->sources, frame, innermost);
		char *text = json_dumps(object, JSON_COMPACT);
		buf_puts(&frames->frames.text, text ? text : "null");
		free(text);
		json_decref(object);
	}
	return number;
}

static json_t *stack_number(struct frames *frames, const struct stack *stack)
{
	struct buf text = { 0 };
	buf_puts(&text, "[");
	for (size_t i = 0; i < stack->count; i++)
		buf_printf(&text, "%s%" PRIu64, i ? "," : "",
			   frame_number(frames, &stack->frames[i], i == 0));
	buf_puts(&text, "]");
	bool made;
	uint64_t number = number_of(&frames->stacks, hash_bytes(1, text.data, text.length), &made);
	if (made)
		buf_add(&frames->stacks.text, text.data, text.length);
	buf_free(&text);
	return json_integer((json_int_t)number);
}

json_t *frames_stack(struct frames *frames, const struct stack *stack)
{
	if (frames->by_number)
		return stack_number(frames, stack);
	json_t *array = json_array();
	for (size_t i = 0; i < stack->count; i++)
		json_array_append_new(array, frame_of(frames->sources, &stack->frames[i], i == 0));
	return array;
}

static const char *all_of(struct table *table)
{
	if (!table->ended)
		buf_puts(&table->text, table->count ? "]" : "[]");
	table->ended = true;
	return table->text.data;
}

const char *frames_all(struct frames *frames)
{
	return all_of(&frames->frames);
}

const char *frames_stacks(struct frames *frames)
{
	return all_of(&frames->stacks);
}
