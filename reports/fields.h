/*
 * fields.h - what the fields of a type are called in C, learnt from the lines that touch them.
 *
 * ThreadSanitizer and CPython's allocator know that a race is at offset 40 of an array.array; they
 * know no C structure. The lines of both sides do: `self->ob_item = items`, `ap->ob_item[i]`. The
 * member that the lines at one offset have in common is taken for its name.
 *
 *     offset 40:   self->ob_item = items;                      ob_item
 *                  self->allocated && self->ob_item            ob_item, allocated     ─► ob_item
 */
#ifndef REPORTS_FIELDS_H
#define REPORTS_FIELDS_H

#include "ftstress/finding.h"
#include "runner/base/util.h"

struct fields;

struct fields *fields_new(void);
void fields_free(struct fields *fields);

/* Takes a data race on a Python object in; others are counted as memory of their own. */
void fields_add(struct fields *fields, const struct finding *finding);

/* "ob_item (offset 40), offset 72, size of list (offset 24), and memory of its own", of a type that is
 * called so, with its module or without; nothing without races. */
void fields_tell(const struct fields *fields, const char *type, size_t length, struct buf *out);

#endif
