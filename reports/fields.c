/* fields.c - see fields.h. */
#include "reports/fields.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "reports/text.h"
#include "runner/symbols/source.h"

#define TOLD_MAX 8 /* fields */

struct member {
	char *name;
	unsigned lines; /* of the field that have it */
};

struct field {
	uint64_t offset;
	char *type; /* of the object; fields of another are told with it */
	unsigned lines;
	struct member *members;
	size_t member_count, member_capacity;
};

struct fields {
	struct source_cache *sources;
	struct field *fields;
	size_t count, capacity;
	bool memory; /* of its own */
};

struct fields *fields_new(void)
{
	struct fields *fields = xcalloc(1, sizeof *fields);
	fields->sources = source_open();
	return fields;
}

void fields_free(struct fields *fields)
{
	for (size_t i = 0; i < fields->count; i++) {
		for (size_t j = 0; j < fields->fields[i].member_count; j++)
			free(fields->fields[i].members[j].name);
		free(fields->fields[i].members);
		free(fields->fields[i].type);
	}
	free(fields->fields);
	source_close(fields->sources);
	free(fields);
}

static struct field *field_of(struct fields *fields, const struct subject *subject)
{
	for (size_t i = 0; i < fields->count; i++)
		if (fields->fields[i].offset == subject->offset &&
		    strcmp(fields->fields[i].type, subject->type) == 0)
			return &fields->fields[i];
	struct field field = { .offset = subject->offset, .type = xstrdup(subject->type) };
	ARRAY_PUSH(fields->fields, fields->count, fields->capacity, field);
	return &fields->fields[fields->count - 1];
}

static bool is_word(char c)
{
	return isalnum((unsigned char)c) || c == '_';
}

static void add_member(struct field *field, const char *name, size_t length)
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
static void take_line(struct field *field, const char *line, size_t length)
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
	field->lines++;
}

void fields_add(struct fields *fields, const struct finding *finding)
{
	if (finding->subject.kind != SUBJECT_OBJECT) {
		fields->memory = true;
		return;
	}
	struct field *field = field_of(fields, &finding->subject);
	for (size_t i = 0; i < finding->participant_count; i++) {
		const struct participant *side = &finding->participants[i];
		size_t site = text_is_access(finding, side) ? text_site(finding, side) : SIZE_MAX;
		struct source_line line;
		if (site >= side->stack.count || !side->stack.frames[site].file ||
		    !source_get(fields->sources, side->stack.frames[site].file,
				side->stack.frames[site].line, &line))
			continue;
		take_line(field, line.text, line.length);
	}
}

/* The member that most lines have, and no other as many; it must be in half of them at least. */
static const char *name_of(const struct field *field)
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
	return best && !tie && best->lines * 2 >= field->lines ? best->name : NULL;
}

/* Is it the type of this name, with the module before it or without? */
static bool is_type(const char *name, const char *type, size_t length)
{
	size_t size = strlen(name);
	return size <= length && memcmp(type + length - size, name, size) == 0 &&
	       (size == length || type[length - size - 1] == '.');
}

void fields_tell(const struct fields *fields, const char *type, size_t length, struct buf *out)
{
	size_t told = 0;
	for (size_t i = 0; i < fields->count && told < TOLD_MAX; i++, told++) {
		const struct field *field = &fields->fields[i];
		const char *name = name_of(field);
		bool own = is_type(field->type, type, length);
		buf_puts(out, told ? ", " : "");
		if (name)
			buf_printf(out, "%s%s%s (offset %" PRIu64 ")", name, own ? "" : " of ",
				   own ? "" : field->type, field->offset);
		else
			buf_printf(out, "offset %" PRIu64 "%s%s", field->offset, own ? "" : " of ",
				   own ? "" : field->type);
	}
	if (fields->count > told)
		buf_printf(out, " and %zu more", fields->count - told);
	if (fields->memory)
		buf_printf(out, "%smemory of its own", told ? ", and " : "");
}
