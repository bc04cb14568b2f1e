/* baseline.c - see baseline.h. */
#include "runner/collate/baseline.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "runner/base/map.h"
#include "runner/base/util.h"

#define NAMED_MAX 5 /* unused blocks, in a note */

struct block {
	char *id, *title, *reason, *expires;
	char *place; /* "mine.ini:12" */
	char *why;   /* for suppressed_by */
	uint64_t seen;
};

struct baseline {
	char *today;
	struct block *blocks;
	size_t count, capacity;
	struct map ids; /* hash of an id -> its block */
};

struct baseline *baseline_new(const char *today)
{
	struct baseline *baseline = xcalloc(1, sizeof *baseline);
	baseline->today = xstrdup(today);
	return baseline;
}

void baseline_free(struct baseline *baseline)
{
	if (!baseline)
		return;
	for (size_t i = 0; i < baseline->count; i++) {
		struct block *block = &baseline->blocks[i];
		free(block->id);
		free(block->title);
		free(block->reason);
		free(block->expires);
		free(block->place);
		free(block->why);
	}
	free(baseline->blocks);
	free(baseline->today);
	map_free(&baseline->ids);
	free(baseline);
}

/* ---- lines ---- */

enum line_kind { LINE_EMPTY, LINE_BLOCK, LINE_KEY, LINE_BAD };

/* A line of the file: a block's id, or a key with its value. Not NUL-terminated. */
struct line {
	enum line_kind kind;
	const char *key, *value;
	size_t key_length, value_length;
};

static void trim(const char **text, size_t *length)
{
	static const char blanks[] = " \t\r";
	while (*length && strchr(blanks, **text))
		(*text)++, (*length)--;
	while (*length && strchr(blanks, (*text)[*length - 1]))
		(*length)--;
}

static struct line read_line(const char *text, size_t length)
{
	struct line line = { .kind = LINE_BAD };
	trim(&text, &length);
	if (!length || *text == ';' || *text == '#') {
		line.kind = LINE_EMPTY;
		return line;
	}
	if (*text == '[') {
		line.kind = text[length - 1] == ']' && length > 2 ? LINE_BLOCK : LINE_BAD;
		line.value = text + 1;
		line.value_length = length - 2;
		return line;
	}
	const char *equals = memchr(text, '=', length);
	if (!equals || equals == text)
		return line;
	line.kind = LINE_KEY;
	line.key = text;
	line.key_length = (size_t)(equals - text);
	trim(&line.key, &line.key_length);
	line.value = equals + 1;
	line.value_length = length - (size_t)(equals + 1 - text);
	trim(&line.value, &line.value_length);
	return line;
}

static bool is(const struct line *line, const char *key)
{
	return strlen(key) == line->key_length && memcmp(key, line->key, line->key_length) == 0;
}

/* KIND-DIGITS, with a kind that there is, and 12 hex digits. */
static bool is_id(const char *text, size_t length)
{
	if (length < 14 || text[length - 13] != '-')
		return false;
	for (size_t i = length - 12; i < length; i++)
		if (!strchr("0123456789abcdef", text[i]))
			return false;
	char *kind = xstrndup(text, length - 13);
	bool known = finding_kind_parse(kind) >= 0;
	free(kind);
	return known;
}

/* "2027-01-31" */
static bool is_day(const char *text)
{
	static const char shape[] = "dddd-dd-dd";
	for (size_t i = 0; i < sizeof shape; i++)
		if (shape[i] == 'd' ? text[i] < '0' || text[i] > '9' : text[i] != shape[i])
			return false;
	int month = atoi(text + 5), day = atoi(text + 8);
	return month >= 1 && month <= 12 && day >= 1 && day <= 31;
}

/* ---- a file ---- */

/* Where a file is being read. */
struct reader {
	struct baseline *baseline;
	const char *path;
	unsigned number; /* of the line */
	struct block *block;
	int code;
};

static void bad(struct reader *reader, const char *what)
{
	reader->code = fail(EXIT_BAD_INPUT, "%s:%u: %s", reader->path, reader->number, what);
}

/* The first block that has an id counts. */
static void add_id(struct reader *reader, const char *id, size_t length)
{
	struct baseline *baseline = reader->baseline;
	uint64_t key = hash_bytes(0, id, length);
	if (!is_id(id, length)) {
		char *what = xprintf("\"%.*s\" is no id of a finding, such as "
				     "data-race-0123456789ab",
				     (int)(length > 80 ? 80 : length), id);
		bad(reader, what);
		free(what);
	} else if (map_get(&baseline->ids, key) == MAP_NONE) {
		map_set(&baseline->ids, key, (uint64_t)(reader->block - baseline->blocks));
	}
}

static void take_block(struct reader *reader, const struct line *line)
{
	struct baseline *baseline = reader->baseline;
	const struct block block = { .id = xstrndup(line->value, line->value_length),
				     .place = xprintf("%s:%u", reader->path, reader->number) };
	ARRAY_PUSH(baseline->blocks, baseline->count, baseline->capacity, block);
	reader->block = &baseline->blocks[baseline->count - 1];
	add_id(reader, line->value, line->value_length);
}

static void take_also(struct reader *reader, const char *text, size_t length)
{
	for (size_t at = 0; at < length;) {
		size_t end = at;
		while (end < length && !strchr(" \t,", text[end]))
			end++;
		if (end > at)
			add_id(reader, text + at, end - at);
		at = end + 1;
	}
}

static void replace(char **slot, const struct line *line)
{
	free(*slot);
	*slot = line->value_length ? xstrndup(line->value, line->value_length) : NULL;
}

static void take_key(struct reader *reader, const struct line *line)
{
	if (!reader->block) {
		bad(reader, "no [ID] stands before it, as in [data-race-0123456789ab]");
	} else if (is(line, "title")) {
		replace(&reader->block->title, line);
	} else if (is(line, "reason")) {
		replace(&reader->block->reason, line);
	} else if (is(line, "also")) {
		take_also(reader, line->value, line->value_length);
	} else if (is(line, "expires")) {
		replace(&reader->block->expires, line);
		if (reader->block->expires && !is_day(reader->block->expires))
			bad(reader, "expires is a day such as 2027-01-31");
	} else {
		bad(reader, "expected title, also, reason or expires");
	}
}

int baseline_parse(struct baseline *baseline, const char *path, const char *text)
{
	struct reader reader = { .baseline = baseline, .path = path };
	size_t first = baseline->count;
	for (; *text; text += *text == '\n') {
		size_t length = strcspn(text, "\n");
		struct line line = read_line(text, length);
		reader.number++;
		text += length;
		if (line.kind == LINE_BLOCK)
			take_block(&reader, &line);
		else if (line.kind == LINE_KEY)
			take_key(&reader, &line);
		else if (line.kind == LINE_BAD)
			bad(&reader, "expected [ID], or KEY = VALUE, or a comment behind ;");
	}
	for (size_t i = first; i < baseline->count; i++) {
		struct block *block = &baseline->blocks[i];
		block->why = xprintf("baseline %s%s%s", block->place, block->reason ? ": " : "",
				     block->reason ? block->reason : "");
	}
	return reader.code;
}

int baseline_load(struct baseline *baseline, const char *path)
{
	size_t length;
	char *text = read_file(path, &length);
	if (!text)
		return fail(EXIT_BAD_INPUT,
			    "can't read the baseline %s: %s (`ftstress baseline update SUITE "
			    "--baseline %s` makes it)",
			    path, strerror(errno), path);
	int code = strlen(text) == length ? baseline_parse(baseline, path, text)
					  : fail(EXIT_BAD_INPUT,
						 "%s: not a text file (it holds a NUL byte)", path);
	free(text);
	return code;
}

/* ---- what is in it ---- */

static struct block *block_of(const struct baseline *baseline, const char *id)
{
	uint64_t number = map_get(&baseline->ids, hash_string(0, id));
	return number == MAP_NONE ? NULL : &baseline->blocks[number];
}

static bool is_over(const struct baseline *baseline, const struct block *block)
{
	return block->expires && strcmp(baseline->today, block->expires) > 0;
}

enum baseline_match baseline_match(const struct baseline *baseline, const char *id,
				   const char **why)
{
	const struct block *block = block_of(baseline, id);
	*why = block ? block->why : NULL;
	if (!block)
		return BASELINE_HAS_NOT;
	return is_over(baseline, block) ? BASELINE_EXPIRED : BASELINE_HAS;
}

void baseline_seen(struct baseline *baseline, const char *id)
{
	struct block *block = block_of(baseline, id);
	if (block)
		block->seen++;
}

/* "baseline mine.ini: nothing was seen of 3 of 12 entries: ID (title), ..." */
static char *note_of_unused(const struct baseline *baseline)
{
	size_t unused = 0;
	struct buf names = { 0 };
	for (size_t i = 0; i < baseline->count; i++) {
		const struct block *block = &baseline->blocks[i];
		if (block->seen || unused++ >= NAMED_MAX)
			continue;
		buf_printf(&names, "%s%s (%s%s%s)", unused > 1 ? ", " : "", block->id, block->place,
			   block->title ? ": " : "", block->title ? block->title : "");
	}
	char *note = NULL;
	if (unused > NAMED_MAX)
		buf_printf(&names, " and %zu more", unused - NAMED_MAX);
	if (unused)
		note = xprintf(
			"nothing was seen in this run of %zu of the %zu entries of the "
			"baseline: %s; `ftstress history ID` says whether one counts as fixed",
			unused, baseline->count, names.data);
	buf_free(&names);
	return note;
}

char **baseline_notes(const struct baseline *baseline, size_t *count)
{
	char **notes = NULL;
	size_t capacity = 0;
	*count = 0;
	for (size_t i = 0; i < baseline->count; i++) {
		const struct block *block = &baseline->blocks[i];
		if (is_over(baseline, block))
			ARRAY_PUSH(notes, *count, capacity,
				   xprintf("the baseline's entry %s (%s) expired on %s%s",
					   block->id, block->place, block->expires,
					   block->seen ? ": it was seen, and is new"
						       : "; nothing was seen of it"));
	}
	char *unused = note_of_unused(baseline);
	if (unused)
		ARRAY_PUSH(notes, *count, capacity, unused);
	return notes;
}

struct run_rule *baseline_add_rules(const struct baseline *baseline, struct run_rule *rules,
				    size_t *count)
{
	rules = xrealloc(rules, (*count + baseline->count + 1) * sizeof *rules);
	for (size_t i = 0; i < baseline->count; i++) {
		const struct block *block = &baseline->blocks[i];
		rules[(*count)++] = (struct run_rule){ xprintf("baseline:%s", block->id),
						       xstrdup(block->place), block->seen };
	}
	return rules;
}

/* ---- a file with more in it ---- */

/* What the file is to have, and what of it is there. */
struct update {
	const struct baseline_entry *entries;
	size_t count;
	struct map wanted; /* hash of an id -> the number of its entry */
	struct map there;  /* hashes of the ids that the file has */
	struct map blocks; /* the number of a block in the file -> the entry that it has ids of */
	bool *have;        /* for each entry: a block has one of its ids */
	bool *grown;
};

static size_t entry_of(const struct update *update, const char *id, size_t length)
{
	uint64_t number = map_get(&update->wanted, hash_bytes(0, id, length));
	return number == MAP_NONE ? SIZE_MAX : (size_t)number;
}

/* Notes which ids the file has. */
static void look(struct update *update, const char *text)
{
	size_t block = 0;
	for (; *text; text += *text == '\n') {
		size_t length = strcspn(text, "\n");
		struct line line = read_line(text, length);
		text += length;
		if (line.kind != LINE_BLOCK && !(line.kind == LINE_KEY && is(&line, "also")))
			continue;
		block += line.kind == LINE_BLOCK;
		for (size_t at = 0; at < line.value_length;) {
			size_t end = at;
			while (end < line.value_length && !strchr(" \t,", line.value[end]))
				end++;
			size_t entry = entry_of(update, line.value + at, end - at);
			if (entry != SIZE_MAX) {
				update->have[entry] = true;
				map_set(&update->blocks, block, entry);
			}
			map_set(&update->there, hash_bytes(0, line.value + at, end - at), 1);
			at = end + 1;
		}
	}
}

/* The ids of the entry that no block has, each with a blank before it. Then they are there. */
static void add_missing(struct buf *out, struct update *update, size_t entry)
{
	const struct baseline_entry *one = &update->entries[entry];
	for (size_t i = 0; i < one->count; i++) {
		uint64_t key = hash_string(0, one->ids[i]);
		if (map_get(&update->there, key) != MAP_NONE)
			continue;
		buf_printf(out, " %s", one->ids[i]);
		map_set(&update->there, key, 1);
	}
}

/* Copies the file, and puts what a block lacks behind its first line. */
static void copy(struct buf *out, struct update *update, const char *text)
{
	size_t block = 0;
	for (; *text; text += *text == '\n') {
		size_t length = strcspn(text, "\n");
		struct line line = read_line(text, length);
		buf_add(out, text, length);
		buf_puts(out, "\n");
		text += length;
		if (line.kind != LINE_BLOCK)
			continue;
		uint64_t entry = map_get(&update->blocks, ++block);
		struct buf missing = { 0 };
		if (entry != MAP_NONE)
			add_missing(&missing, update, entry);
		if (missing.length)
			buf_printf(out, "also =%s\n", missing.data);
		if (missing.length)
			update->grown[entry] = true;
		buf_free(&missing);
	}
}

/* A title is one line here, whatever it is. */
static void add_title(struct buf *out, const char *title)
{
	buf_puts(out, "title = ");
	for (; *title; title++) {
		bool control = (unsigned char)*title < 0x20 || *title == 0x7f;
		buf_add(out, control ? " " : title, 1);
	}
	buf_puts(out, "\n");
}

static void add_block(struct buf *out, struct update *update, size_t entry)
{
	const struct baseline_entry *one = &update->entries[entry];
	struct buf also = { 0 };
	buf_printf(out, "\n[%s]\n", one->ids[0]);
	map_set(&update->there, hash_string(0, one->ids[0]), 1);
	add_title(out, one->title);
	add_missing(&also, update, entry);
	if (also.length)
		buf_printf(out, "also =%s\n", also.data);
	buf_puts(out, "reason =\nexpires =\n");
	buf_free(&also);
}

char *baseline_with(const char *text, const struct baseline_entry *entries, size_t count,
		    size_t *added, size_t *grown)
{
	static const char head[] =
		"; Findings of ftstress that are looked at, and fail no run. `ftstress baseline "
		"update` adds to it, and\n"
		"; keeps what is written here. expires: the last day, as 2027-01-31.\n";
	struct buf out = { 0 };
	struct update update = { .entries = entries,
				 .count = count,
				 .have = xcalloc(count + 1, sizeof(bool)),
				 .grown = xcalloc(count + 1, sizeof(bool)) };
	for (size_t i = 0; i < count; i++)
		for (size_t k = 0; k < entries[i].count; k++)
			map_set(&update.wanted, hash_string(0, entries[i].ids[k]), i);
	look(&update, text ? text : "");
	if (text)
		copy(&out, &update, text);
	else
		buf_puts(&out, head);
	*added = *grown = 0;
	for (size_t i = 0; i < count; i++) {
		*grown += update.grown[i];
		if (update.have[i])
			continue;
		add_block(&out, &update, i);
		++*added;
	}
	map_free(&update.wanted);
	map_free(&update.there);
	map_free(&update.blocks);
	free(update.have);
	free(update.grown);
	return buf_take(&out);
}
