/* listing.c - see listing.h. */
#include "reports/listing.h"

#include <stdlib.h>
#include <string.h>

#include "runner/base/util.h"
#include "runner/model/matrix.h"

void names_add(struct names *names, char *name)
{
	uint64_t key = hash_string(0, name);
	if (map_get(&names->seen, key) != MAP_NONE) {
		free(name);
		return;
	}
	map_set(&names->seen, key, names->count);
	ARRAY_PUSH(names->items, names->count, names->capacity, name);
}

void names_clear(struct names *names)
{
	for (size_t i = 0; i < names->count; i++)
		free(names->items[i]);
	free(names->items);
	map_free(&names->seen);
}

/* "add#2" is add, with other arguments. */
static char *plain_name(const char *name, size_t length)
{
	const char *variant = memchr(name, '#', length);
	return xstrndup(name, variant && variant > name ? (size_t)(variant - name) : length);
}

struct listing {
	struct names operations, pairs, types;
};

/* The name of the type at the beginning of `test`. */
static void add_type(struct listing *listing, const char *test)
{
	names_add(&listing->types, xstrndup(test, matrix_told_length(test)));
}

static void add_pair(struct listing *listing, const char *type, const struct operation_name *one,
		     const struct operation_name *two)
{
	char *a = plain_name(one->text, one->length), *b = plain_name(two->text, two->length);
	bool swap = strcmp(a, b) > 0;
	const char *before = type ? type : "", *between = type ? "::" : "";
	names_add(&listing->pairs,
		  xprintf("%s%s%s|%s", before, between, swap ? b : a, swap ? a : b));
	names_add(&listing->operations, xprintf("%s%s%s", before, between, a));
	names_add(&listing->operations, xprintf("%s%s%s", before, between, b));
	free(a);
	free(b);
}

/* The pairs of a table whose worst finding is a member. */
static void list_cells(struct listing *listing, const struct run_type *table,
		       const struct map *members)
{
	for (size_t i = 0; i < table->cell_count; i++) {
		const struct run_cell *cell = &table->cells[i];
		const char *one = table->operations[cell->a], *two = table->operations[cell->b];
		if (map_get(members, hash_string(0, cell->finding)) != MAP_NONE)
			add_pair(listing, NULL, &(struct operation_name){ one, strlen(one) },
				 &(struct operation_name){ two, strlen(two) });
	}
}

void listing_pairs(struct report_entry *entry, const struct run_info *run)
{
	struct listing listing = { 0 };
	struct map members = { 0 };
	for (size_t i = 0; i < entry->count; i++)
		if (matrix_type_of(entry->members[i]))
			add_type(&listing, entry->members[i]->tests[0]);
	/* Of types that inherit what races it is the one that they inherit it from. */
	bool one = !entry->within && entry->witness->status != STATUS_DOCUMENTED;
	bool several = listing.types.count > 1 && !one;
	for (size_t i = 0; i < entry->count; i++) {
		const struct finding *member = entry->members[i];
		map_set(&members, hash_string(0, member->id), i);
		for (size_t j = 0; j < member->test_count; j++) {
			struct operation_name both[2];
			size_t type = map_get(&listing.types.seen,
					      hash_bytes(0, member->tests[j],
							 matrix_told_length(member->tests[j])));
			const char *name = type < listing.types.count ? listing.types.items[type]
								      : entry->type;
			/* A race may have come up in pairs of another type as well. */
			bool ours = several || type < listing.types.count;
			if (ours && matrix_operations(member->tests[j], both))
				add_pair(&listing, several ? name : NULL, &both[0], &both[1]);
		}
	}
	const char *first = listing.types.count ? listing.types.items[0] : entry->type;
	const char *own = entry->within && !several ? first : entry->type;
	for (size_t i = 0; i < run->type_count; i++)
		if (own && matrix_is_table_of(&run->types[i], own, strlen(own)))
			list_cells(&listing, &run->types[i], &members);
	entry->types = one ? 1 : listing.types.count;
	entry->of = xstrdup(one ? entry->type : first);
	names_clear(&listing.types);
	entry->operations = listing.operations.items;
	entry->operation_count = listing.operations.count;
	entry->pairs = listing.pairs.items;
	entry->pair_count = listing.pairs.count;
	map_free(&members);
	map_free(&listing.operations.seen);
	map_free(&listing.pairs.seen);
}

size_t listing_operations(const struct run_info *run, const char *type)
{
	struct names names = { 0 };
	for (size_t i = 0; i < run->type_count; i++) {
		const struct run_type *table = &run->types[i];
		for (size_t j = 0;
		     matrix_is_table_of(table, type, strlen(type)) && j < table->operation_count;
		     j++)
			names_add(&names,
				  plain_name(table->operations[j], strlen(table->operations[j])));
	}
	size_t count = names.count;
	names_clear(&names);
	return count;
}
