/* fields.c - see fields.h. */
#include "reports/fields.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "reports/text.h"
#include "runner/symbols/source.h"

struct member {
	char *name;
	unsigned lines; /* of the field that have it */
};

struct field_lines {
	unsigned count;
	bool known; /* the members are from debug information, and not guessed from lines */
	struct member *members;
	size_t member_count, member_capacity;
};

/* Is it the type of this name, with the module before it or without? */
static bool is_type(const char *name, const char *type)
{
	size_t size = strlen(name), length = strlen(type);
	return size <= length && strcmp(type + length - size, name) == 0 &&
	       (size == length || type[length - size - 1] == '.');
}

/* Is it what an entry of this global variable is called? */
static bool is_global(const char *name, const char *entry)
{
	size_t length = strlen(GLOBAL);
	return strncmp(entry, GLOBAL, length) == 0 && strcmp(entry + length, name) == 0;
}

struct fields *fields_new(const char *type, size_t length)
{
	struct fields *fields = xcalloc(1, sizeof *fields);
	fields->type = xstrndup(type, length);
	fields->memory.lines = xcalloc(1, sizeof *fields->memory.lines);
	return fields;
}

static void clear_members(struct field_lines *field)
{
	for (size_t i = 0; i < field->member_count; i++)
		free(field->members[i].name);
	field->member_count = 0;
}

static void field_clear(struct field *field)
{
	clear_members(field->lines);
	free(field->lines->members);
	free(field->lines);
	free(field->type);
	free(field->text);
	free(field->races);
}

void fields_free(struct fields *fields)
{
	if (!fields)
		return;
	for (size_t i = 0; i < fields->count; i++)
		field_clear(&fields->items[i]);
	if (fields->memory.lines)
		field_clear(&fields->memory);
	free(fields->items);
	free(fields->type);
	free(fields);
}

static struct field *field_of(struct fields *fields, const struct subject *subject,
			      const char *type)
{
	bool global = subject->kind == SUBJECT_GLOBAL;
	if ((subject->kind != SUBJECT_OBJECT && !global) || !subject->type)
		return &fields->memory;
	type = type ? type : subject->type;
	for (size_t i = 0; i < fields->count; i++)
		if (fields->items[i].offset == subject->offset &&
		    fields->items[i].global == global && strcmp(fields->items[i].type, type) == 0)
			return &fields->items[i];
	struct field field = { .offset = subject->offset,
			       .type = xstrdup(type),
			       .own = global ? is_global(type, fields->type)
					     : is_type(type, fields->type),
			       .global = global,
			       .lines = xcalloc(1, sizeof *field.lines) };
	ARRAY_PUSH(fields->items, fields->count, fields->capacity, field);
	return &fields->items[fields->count - 1];
}

/* "Counter.value": a race of Python code begins its title with what its variable is called. */
static struct field *variable_of(struct fields *fields, const struct finding *race)
{
	const char *title = race->title ? race->title : "", *end = strstr(title, ": ");
	size_t length = end ? (size_t)(end - title) : strlen(title);
	for (size_t i = 0; i < fields->count; i++)
		if (fields->items[i].variable && !strncmp(fields->items[i].type, title, length) &&
		    !fields->items[i].type[length])
			return &fields->items[i];
	struct field field = { .type = xstrndup(title, length),
			       .variable = true,
			       .lines = xcalloc(1, sizeof *field.lines) };
	ARRAY_PUSH(fields->items, fields->count, fields->capacity, field);
	return &fields->items[fields->count - 1];
}

/* Of the class that the entry is of, the attribute alone. */
static char *variable_text(const struct fields *fields, const char *name)
{
	size_t length = strcspn(name, ".");
	char *owner = xstrndup(name, length);
	bool own = name[length] && is_type(owner, fields->type);
	free(owner);
	return xstrdup(own ? name + length + 1 : name);
}

static bool is_word(char c)
{
	return isalnum((unsigned char)c) || c == '_';
}

static void add_member(struct field_lines *field, const char *name, size_t length)
{
	for (size_t i = 0; i < field->member_count; i++) {
		struct member *member = &field->members[i];
		if (strncmp(member->name, name, length) == 0 && !member->name[length]) {
			member->lines++;
			return;
		}
	}
	ARRAY_PUSH(field->members, field->member_count, field->member_capacity,
		   ((struct member){ xstrndup(name, length), 1 }));
}

/* Macros that stand for a member. */
static const struct {
	const char *macro, *member;
} macros[] = { { "Py_SIZE(", "ob_size" },
	       { "Py_SET_SIZE(", "ob_size" },
	       { "PyTuple_GET_ITEM(", "ob_item" },
	       { "PyTuple_SET_ITEM(", "ob_item" } };

/* Members that the line names, each once. */
static void take_line(struct field_lines *field, const char *line, size_t length)
{
	char seen[8][64];
	size_t count = 0;
	for (size_t at = 0; at < length && count < 8; at++) {
		const char *name = NULL;
		size_t size = 0;
		if (line[at] == '>' && at && line[at - 1] == '-') {
			name = line + at + 1;
			while (at + 1 + size < length && is_word(name[size]))
				size++;
		}
		for (size_t i = 0; !name && i < sizeof macros / sizeof *macros; i++) {
			size_t room = strlen(macros[i].macro);
			if (length - at >= room && memcmp(line + at, macros[i].macro, room) == 0 &&
			    (!at || !is_word(line[at - 1]))) {
				name = macros[i].member;
				size = strlen(name);
			}
		}
		if (!size || size >= sizeof seen[0])
			continue;
		bool again = false;
		for (size_t i = 0; i < count; i++)
			again = again || (strncmp(seen[i], name, size) == 0 && !seen[i][size]);
		if (again)
			continue;
		memcpy(seen[count], name, size);
		seen[count++][size] = '\0';
		add_member(field, name, size);
	}
	field->count++;
}

/* What debug information says goes before all that lines let guess. */
static void take_known(struct field_lines *field, const char *member)
{
	if (!field->known) {
		clear_members(field);
		field->count = 0;
		field->known = true;
	}
	add_member(field, member, strlen(member));
	field->count++;
}

void fields_add(struct fields *fields, struct source_cache *sources, const struct finding *race,
		const char *type)
{
	bool python = race->kind == FINDING_PYTHON_RACE;
	struct field *field =
		python ? variable_of(fields, race) : field_of(fields, &race->subject, type);
	ARRAY_PUSH(field->races, field->race_count, field->race_capacity, race);
	if (race->subject.member && field != &fields->memory) {
		take_known(field->lines, race->subject.member);
		return;
	}
	if (field->lines->known || python)
		return;
	for (size_t i = 0; i < race->participant_count && field != &fields->memory; i++) {
		const struct participant *side = &race->participants[i];
		size_t site = text_is_access(race, side) ? text_site(race, side) : SIZE_MAX;
		struct source_line line;
		if (site >= side->stack.count || !side->stack.frames[site].file ||
		    !source_get(sources, side->stack.frames[site].file,
				side->stack.frames[site].line, &line))
			continue;
		take_line(field->lines, line.text, line.length);
	}
}

/* The member that most lines have, and no other as many; it must be in half of them at least. */
static const char *name_of(const struct field_lines *field)
{
	const struct member *best = NULL;
	bool tie = false;
	for (size_t i = 0; i < field->member_count; i++) {
		const struct member *member = &field->members[i];
		tie = best && member->lines == best->lines ? true : tie;
		if (!best || member->lines > best->lines) {
			best = member;
			tie = false;
		}
	}
	return best && !tie && best->lines * 2 >= field->count ? best->name : NULL;
}

static void settle(const struct fields *fields, struct field *field)
{
	struct buf text = { 0 };
	if (field->variable) {
		field->text = variable_text(fields, field->type);
		return;
	}
	field->name = name_of(field->lines);
	if (field->name)
		buf_puts(&text, field->name);
	else if (!field->global || field->offset)
		buf_printf(&text, "offset %" PRIu64, field->offset);
	if (!field->own || !text.length)
		buf_printf(&text, "%s%s%s", text.length ? " of " : "", field->global ? GLOBAL : "",
			   field->type);
	field->text = buf_take(&text);
}

/* Elements of one array are one field, wherever they lie in it. */
static void merge_same(struct fields *fields)
{
	size_t kept = 0;
	for (size_t i = 0; i < fields->count; i++) {
		struct field *field = &fields->items[i], *same = NULL;
		for (size_t k = 0; k < kept && !same; k++)
			if (strcmp(fields->items[k].text, field->text) == 0)
				same = &fields->items[k];
		if (!same) {
			fields->items[kept++] = *field;
			continue;
		}
		for (size_t k = 0; k < field->race_count; k++)
			ARRAY_PUSH(same->races, same->race_count, same->race_capacity,
				   field->races[k]);
		field_clear(field);
	}
	fields->count = kept;
}

void fields_settle(struct fields *fields)
{
	for (size_t i = 0; i < fields->count; i++)
		settle(fields, &fields->items[i]);
	merge_same(fields);
	if (!fields->memory.race_count)
		return;
	fields->memory.text = xstrdup("memory of its own");
	ARRAY_PUSH(fields->items, fields->count, fields->capacity, fields->memory);
	fields->memory = (struct field){ 0 };
}
