/*
 * listing.h - which operations of a type race, and in which pairs: what an entry of pairs lists.
 */
#ifndef REPORTS_LISTING_H
#define REPORTS_LISTING_H

#include "reports/entries.h"
#include "runner/base/map.h"

/* Names, each once, in the order in which they came. */
struct names {
	char **items;
	size_t count, capacity;
	struct map seen; /* by hash -> index */
};

/* Takes the name over. */
void names_add(struct names *names, char *name);
void names_clear(struct names *names);

/*
 * Sets the operations and pairs that the entry's members came up in, and `types` and `of`: by their tests, of which
 * a finding keeps some, and by the cells of the type's table, of which each knows its worst finding.
 */
void listing_pairs(struct report_entry *entry, const struct run_info *run);

/* How many operations the tables of the type have, each once; 0 = there is no table. */
size_t listing_operations(const struct run_info *run, const char *type);

#endif
