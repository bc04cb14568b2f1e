/*
 * fields.h - what the fields of a type are called in C.
 *
 * ThreadSanitizer and CPython's allocator know that a race is at offset 40 of an array.array; they
 * know no C structure. Debug information of the code that touched it does, where a variable has the
 * structure's type (runner/symbols/members.h). Else the lines of both sides may say it: `self->ob_item = items`, `ap->ob_item[i]`. The
 * member that the lines at one offset have in common is taken for its name.
 *
 *     offset 40:   self->ob_item = items;                      ob_item
 *                  self->allocated && self->ob_item            ob_item, allocated     ─► ob_item
 */
#ifndef REPORTS_FIELDS_H
#define REPORTS_FIELDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ftstress/finding.h"
#include "runner/symbols/source.h"

#define GLOBAL "the global variable " /* how an entry, and a field, begins that is one */

struct field_lines;

struct field {
	char *type;                   /* of the object that has it; NULL: memory of no object */
	uint64_t offset;              /* in that object; of an array, where the first race was */
	bool own;                     /* it is the type that `fields` is of */
	bool global;                  /* `type` is a global variable's name */
	bool variable;                /* it is a Python variable: `type` is its whole name */
	const char *name;             /* "ob_item"; NULL = not known */
	char *text;                   /* "ob_item", "offset 40", "ob_size of list", "memory of
					 * its own" */
	const struct finding **races; /* on it, as they were added */
	size_t race_count, race_capacity;
	struct field_lines *lines;
};

struct fields {
	char *type;
	struct field *items; /* as they came up; what is no object's last */
	size_t count, capacity;
	struct field memory; /* what is no object's, while races are added */
};

/* Of the type with this name, module included, `length` bytes. */
struct fields *fields_new(const char *type, size_t length);
void fields_free(struct fields *fields);

/*
 * Takes a data race in, whose lines are read through `sources`; or a race of Python code. type: of which type
 * the field is, if it is not the object's own: one that it inherits from; else NULL.
 */
void fields_add(struct fields *fields, struct source_cache *sources, const struct finding *race,
		const char *type);

/* All races were added: finds the names. */
void fields_settle(struct fields *fields);

#endif
