/*
 * types.h - races of a run of pairs, told by type: one entry for a type and what its operations
 * lack, with all its findings as members.
 */
#ifndef REPORTS_TYPES_H
#define REPORTS_TYPES_H

#include "reports/report.h"
#include "runner/base/util.h"

struct type_entry {
	const char *name; /* of the type; borrowed from a test's id */
	size_t length;
	const struct run_type *type;   /* its table, or NULL */
	const struct finding *witness; /* the member to look at first */
	size_t members, fields;
};

typedef bool is_member(const struct report_input *input, const struct finding *finding);

/* The entry of the type that `finding` is told with, of the findings that `is_member` accepts.
 * False where it is told by itself. */
bool type_entry_of(const struct report_input *input, const struct finding *finding,
		   is_member *is_member, struct type_entry *entry);

/* The fields that its members are on, by name: see fields_tell(). */
void type_entry_fields(struct buf *out, const struct report_input *input, is_member *is_member,
		       const struct type_entry *entry);

/* "array.array: 14 of its 51 operations race with another: append, pop, ... (40 races, 5 fields)" */
void type_entry_title(struct buf *out, const struct type_entry *entry);

#endif
