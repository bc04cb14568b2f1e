/*
 * culprits.h - which operations of an entry are to blame for its races.
 *
 * A few operations without which there is no race, though they don't race with one another: one that
 * takes no lock, or two functions that go over a list, against all that changes it under its lock.
 *
 *     read(.) ─── append          show(.) ─── append
 *            └─── pop                    └─── pop          ─► read(.), show(.)
 */
#ifndef REPORTS_CULPRITS_H
#define REPORTS_CULPRITS_H

#include <stdbool.h>
#include <stddef.h>

#include "reports/entries.h"

#define CULPRITS_MOST 12

struct culprits {
	size_t at[CULPRITS_MOST], count; /* numbers of the entry's operations */
};

/*
 * Of an entry of one type with three operations or more: the one that is in each of its pairs. Or, if each
 * pair is of one of some operations and one of the others, those that are functions which take the object, or
 * half as many as the others at most. Returns whether there are any.
 */
bool culprits_find(const struct report_entry *entry, struct culprits *found);

/* Have their sides no lock in any race, and the other ones always one? */
bool culprits_are_bare(const struct report_entry *entry, const struct culprits *culprits);

#endif
