/* repeats.c - see repeats.h. */
#include "reports/repeats.h"

#include <inttypes.h>
#include <stdio.h>
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

struct repeats {
	struct source_cache *cache;
	json_t *sources;
	struct table frames, stacks;
};

struct repeats *repeats_new(void)
{
	struct repeats *repeats = xcalloc(1, sizeof *repeats);
	repeats->cache = source_open();
	repeats->sources = json_object();
	return repeats;
}

static void table_clear(struct table *table)
{
	map_free(&table->by_content);
	buf_free(&table->text);
}

void repeats_free(struct repeats *repeats)
{
	source_close(repeats->cache);
	json_decref(repeats->sources);
	table_clear(&repeats->frames);
	table_clear(&repeats->stacks);
	free(repeats);
}

/* Takes the lines around a frame's own, if there is such a line. */
static void take_source(struct repeats *repeats, const struct frame *frame, const char *file)
{
	struct source_line line;
	if (!source_get(repeats->cache, frame->file, frame->line, &line))
		return;
	json_t *lines = json_object_get(repeats->sources, file);
	if (!lines)
		json_object_set_new(repeats->sources, file, lines = json_object());
	for (int i = frame->line - SOURCE_AROUND; i <= frame->line + SOURCE_AROUND; i++) {
		char number[16];
		snprintf(number, sizeof number, "%d", i);
		if (json_object_get(lines, number) ||
		    !source_get(repeats->cache, frame->file, i, &line))
			continue;
		char *copy = xstrndup(line.text, line.length);
		json_object_set_new(lines, number, text_json(copy));
		free(copy);
	}
}

static json_t *frame_of(struct repeats *repeats, const struct frame *frame, bool innermost)
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
	const char *file = json_string_value(json_object_get(object, "file"));
	if (file && (!frame->plumbing || innermost))
		take_source(repeats, frame, file);
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

static uint64_t frame_number(struct repeats *repeats, const struct frame *frame, bool innermost)
{
	bool made;
	uint64_t number = number_of(&repeats->frames, key_of(frame, innermost), &made);
	if (made) {
		json_t *object = frame_of(repeats, frame, innermost);
		char *text = json_dumps(object, JSON_COMPACT);
		buf_puts(&repeats->frames.text, text ? text : "null");
		free(text);
		json_decref(object);
	}
	return number;
}

json_t *repeats_stack(struct repeats *repeats, const struct stack *stack)
{
	struct buf text = { 0 };
	buf_puts(&text, "[");
	for (size_t i = 0; i < stack->count; i++)
		buf_printf(&text, "%s%" PRIu64, i ? "," : "",
			   frame_number(repeats, &stack->frames[i], i == 0));
	buf_puts(&text, "]");
	bool made;
	uint64_t number = number_of(&repeats->stacks, hash_bytes(1, text.data, text.length), &made);
	if (made)
		buf_add(&repeats->stacks.text, text.data, text.length);
	buf_free(&text);
	return json_integer((json_int_t)number);
}

static const char *all_of(struct table *table)
{
	if (!table->ended)
		buf_puts(&table->text, table->count ? "]" : "[]");
	table->ended = true;
	return table->text.data;
}

const char *repeats_frames(struct repeats *repeats)
{
	return all_of(&repeats->frames);
}

const char *repeats_stacks(struct repeats *repeats)
{
	return all_of(&repeats->stacks);
}

json_t *repeats_sources(struct repeats *repeats)
{
	return repeats->sources;
}
