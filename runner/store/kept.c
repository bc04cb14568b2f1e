/* kept.c - see kept.h. */
#include "runner/store/kept.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "runner/base/map.h"
#include "runner/base/util.h"
#include "runner/store/sql.h"
#include "runner/store/values.h"

enum { FLAG_PLUMBING = 1, FLAG_INLINE = 2, FLAG_NEAR = 4 };

struct kept {
	struct store *store;
	struct map stored_frames, stored_stacks; /* numbers that are stored for certain */
	/* What was read, by number -> index; it does not change. */
	struct map read_frames, read_stacks;
	struct frame *frames;
	struct stack *stacks;
	size_t frame_count, frame_capacity, stack_count, stack_capacity;
	bool failed;
};

struct kept *kept_new(struct store *store)
{
	struct kept *kept = xcalloc(1, sizeof *kept);
	kept->store = store;
	return kept;
}

void kept_free(struct kept *kept)
{
	if (!kept)
		return;
	struct stack all = { kept->frames, kept->frame_count };
	stack_clear(&all);
	for (size_t i = 0; i < kept->stack_count; i++)
		stack_clear(&kept->stacks[i]);
	free(kept->stacks);
	map_free(&kept->stored_frames);
	map_free(&kept->stored_stacks);
	map_free(&kept->read_frames);
	map_free(&kept->read_stacks);
	free(kept);
}

void kept_forget(struct kept *kept)
{
	map_clear(&kept->stored_frames);
	map_clear(&kept->stored_stacks);
}

bool kept_failed(struct kept *kept)
{
	bool failed = kept->failed;
	kept->failed = false;
	return failed;
}

/* ---- written ---- */

/* A number for SQLite, which has signed ones; never 0. */
static int64_t as_number(uint64_t hash)
{
	return hash >> 1 ? (int64_t)(hash >> 1) : 1;
}

static int64_t flags_of(const struct frame *frame)
{
	return (frame->plumbing ? FLAG_PLUMBING : 0) | (frame->is_inline ? FLAG_INLINE : 0) |
	       (frame->near_line ? FLAG_NEAR : 0);
}

static uint64_t add_text(uint64_t hash, const char *text)
{
	return hash_bytes(hash, text ? text : "\1", strlen(text ? text : "\1") + 1);
}

static int64_t number_of(const struct frame *frame)
{
	const int64_t numbers[] = { (int64_t)frame->language, frame->line, flags_of(frame) };
	uint64_t hash = hash_bytes(1, numbers, sizeof numbers);
	hash = add_text(add_text(add_text(hash, frame->function), frame->file), frame->module);
	return as_number(hash);
}

/* Text of a program under test need not be UTF-8. */
static char *clean(const char *text)
{
	return text ? utf8_text(text, strlen(text)) : NULL;
}

static bool put_frame(struct kept *kept, const struct frame *frame, int64_t number)
{
	if (map_get(&kept->stored_frames, (uint64_t)number) != MAP_NONE)
		return true;
	char *function = clean(frame->function), *file = clean(frame->file);
	char *module = clean(frame->module);
	bool good = RUN(kept->store,
			"INSERT OR IGNORE INTO frames(number, function, file, line, module,"
			" language, flags) VALUES(?, ?, ?, ?, ?, ?, ?)",
			"dssdsdd", number, function, file, (int64_t)frame->line, module,
			(int64_t)frame->language, flags_of(frame));
	free(function);
	free(file);
	free(module);
	if (good)
		map_set(&kept->stored_frames, (uint64_t)number, 0);
	return good;
}

int64_t kept_keep(struct kept *kept, const struct stack *stack)
{
	if (!stack->count)
		return 0;
	struct buf text = { 0 };
	for (size_t i = 0; i < stack->count; i++)
		buf_printf(&text, "%s%" PRId64, i ? " " : "", number_of(&stack->frames[i]));
	int64_t number = as_number(hash_bytes(2, text.data, text.length));
	/* After a failure SQLite may have ended the transaction: nothing more is written, and its reason stands. */
	if (!kept->failed && map_get(&kept->stored_stacks, (uint64_t)number) == MAP_NONE) {
		bool good = true;
		for (size_t i = 0; i < stack->count && good; i++)
			good = put_frame(kept, &stack->frames[i], number_of(&stack->frames[i]));
		good = good &&
		       RUN(kept->store, "INSERT OR IGNORE INTO stacks(number, frames) VALUES(?, ?)",
			   "ds", number, text.data);
		if (good)
			map_set(&kept->stored_stacks, (uint64_t)number, 0);
		kept->failed = !good;
	}
	buf_free(&text);
	return number;
}

/* ---- read ---- */

static enum frame_language language_of(int64_t number)
{
	return number >= 0 && number < FRAME_LANGUAGES ? (enum frame_language)number
						       : FRAME_UNKNOWN;
}

/* The frame's index; it is an empty one if it is not there. */
static size_t read_frame(struct kept *kept, int64_t number)
{
	uint64_t at = map_get(&kept->read_frames, (uint64_t)number);
	if (at != MAP_NONE)
		return (size_t)at;
	sqlite3_stmt *row = sql_prepare(kept->store,
					"SELECT function, file, line, module, language, flags"
					" FROM frames WHERE number = ?",
					"d", number);
	struct frame frame = { .language = FRAME_UNKNOWN };
	if (row && sqlite3_step(row) == SQLITE_ROW) {
		int64_t flags = sqlite3_column_int64(row, 5);
		frame = (struct frame){ .language = language_of(sqlite3_column_int64(row, 4)),
					.function = sql_text(row, 0),
					.file = sql_text(row, 1),
					.line = sqlite3_column_int(row, 2),
					.module = sql_text(row, 3),
					.plumbing = flags & FLAG_PLUMBING,
					.is_inline = flags & FLAG_INLINE,
					.near_line = flags & FLAG_NEAR };
	} else {
		kept->failed = true;
	}
	if (!frame.function)
		frame.function = xstrdup("?");
	sqlite3_finalize(row);
	map_set(&kept->read_frames, (uint64_t)number, kept->frame_count);
	ARRAY_PUSH(kept->frames, kept->frame_count, kept->frame_capacity, frame);
	return kept->frame_count - 1;
}

static struct frame copy_of(const struct frame *frame)
{
	struct frame copy = *frame;
	copy.function = xstrdup(frame->function);
	copy.file = xstrdup(frame->file);
	copy.module = xstrdup(frame->module);
	return copy;
}

static struct stack read_stack(struct kept *kept, int64_t number)
{
	sqlite3_stmt *row =
		sql_prepare(kept->store, "SELECT frames FROM stacks WHERE number = ?", "d", number);
	struct stack stack = { 0 };
	size_t capacity = 0;
	const char *text = row && sqlite3_step(row) == SQLITE_ROW
				   ? (const char *)sqlite3_column_text(row, 0)
				   : NULL;
	kept->failed = kept->failed || !text;
	while (text && *text) {
		char *end;
		int64_t frame = strtoll(text, &end, 10);
		if (end == text)
			break;
		size_t at = read_frame(kept, frame);
		ARRAY_PUSH(stack.frames, stack.count, capacity, copy_of(&kept->frames[at]));
		text = end + (*end == ' ');
	}
	sqlite3_finalize(row);
	return stack;
}

struct stack kept_get(struct kept *kept, int64_t number)
{
	struct stack copy = { 0 };
	if (!number)
		return copy;
	uint64_t at = map_get(&kept->read_stacks, (uint64_t)number);
	if (at == MAP_NONE) {
		struct stack stack = read_stack(kept, number);
		at = kept->stack_count;
		map_set(&kept->read_stacks, (uint64_t)number, at);
		ARRAY_PUSH(kept->stacks, kept->stack_count, kept->stack_capacity, stack);
	}
	const struct stack *from = &kept->stacks[at];
	copy.count = from->count;
	copy.frames = xcalloc(copy.count, sizeof *copy.frames);
	for (size_t i = 0; i < copy.count; i++)
		copy.frames[i] = copy_of(&from->frames[i]);
	return copy;
}

struct stack stack_of_json(json_t *array)
{
	struct stack stack = { .count = json_array_size(array) };
	stack.frames = xcalloc(stack.count, sizeof *stack.frames);
	for (size_t i = 0; i < stack.count; i++) {
		json_t *one = json_array_get(array, i);
		struct frame *frame = &stack.frames[i];
		frame->function = value_get_text(one, "function");
		if (!frame->function)
			frame->function = xstrdup("?");
		frame->file = value_get_text(one, "file");
		frame->module = value_get_text(one, "module");
		frame->line = (int)value_get_number(one, "line");
		frame->language = language_of((int64_t)value_get_number(one, "language"));
		frame->plumbing = value_get_flag(one, "plumbing");
		frame->is_inline = value_get_flag(one, "inline");
		frame->near_line = value_get_flag(one, "near");
	}
	return stack;
}
