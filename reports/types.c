/* types.c - see types.h. */
#include "reports/types.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "reports/fields.h"
#include "runner/base/map.h"
#include "runner/model/matrix.h"

#define NAMES_MAX 6 /* operations that a title names */

static const struct run_type *table_of(const struct run_info *run, const char *name, size_t length)
{
	for (size_t i = 0; i < run->type_count; i++)
		if (strlen(run->types[i].name) == length &&
		    memcmp(run->types[i].name, name, length) == 0)
			return &run->types[i];
	return NULL;
}

static bool is_of(const struct type_entry *entry, const struct finding *finding)
{
	return matrix_type_of(finding) == entry->length &&
	       memcmp(finding->tests[0], entry->name, entry->length) == 0;
}

bool type_entry_of(const struct report_input *input, const struct finding *finding,
		   is_member *is_member, struct type_entry *entry)
{
	*entry = (struct type_entry){ .length = matrix_type_of(finding) };
	if (!entry->length)
		return false;
	entry->name = finding->tests[0];
	entry->type = table_of(input->run, entry->name, entry->length);
	struct map fields = { 0 };
	for (size_t i = 0; i < input->count; i++) {
		const struct finding *other = input->findings[i];
		if (!is_member(input, other) || !is_of(entry, other))
			continue;
		entry->members++;
		map_set(&fields, matrix_field(other), 0);
		if (!entry->witness || other->shows > entry->witness->shows)
			entry->witness = other;
	}
	entry->fields = fields.count;
	map_free(&fields);
	return entry->members > 0;
}

void type_entry_fields(struct buf *out, const struct report_input *input, is_member *is_member,
		       const struct type_entry *entry)
{
	struct fields *fields = fields_new();
	for (size_t i = 0; i < input->count; i++)
		if (is_member(input, input->findings[i]) && is_of(entry, input->findings[i]))
			fields_add(fields, input->findings[i]);
	fields_tell(fields, entry->name, entry->length, out);
	fields_free(fields);
}

static bool races(const struct run_type *type, size_t operation)
{
	for (size_t i = 0; i < type->operation_count; i++)
		if (strchr("rDC", type->states[operation * type->operation_count + i]))
			return true;
	return false;
}

void type_entry_title(struct buf *out, const struct type_entry *entry)
{
	buf_printf(out, "%.*s", (int)entry->length, entry->name);
	const struct run_type *type = entry->type;
	size_t racing = 0;
	struct buf names = { 0 };
	for (size_t i = 0; type && i < type->operation_count; i++) {
		if (!races(type, i))
			continue;
		if (racing++ < NAMES_MAX)
			buf_printf(&names, "%s%s", racing == 1 ? "" : ", ", type->operations[i]);
	}
	if (racing)
		buf_printf(out, ": %zu of its %zu operations race with another: %s%s", racing,
			   type->operation_count, names.data, racing > NAMES_MAX ? ", ..." : "");
	buf_printf(out, " (%zu race%s on %zu field%s)", entry->members,
		   entry->members == 1 ? "" : "s", entry->fields, entry->fields == 1 ? "" : "s");
	buf_free(&names);
}
