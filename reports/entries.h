/*
 * entries.h - what a report lists. Races of a run of pairs are told by type: one entry for a type
 * and what its operations lack, with all its races as members. Races of tests are one entry if they
 * are one bug (groups.h), with what follows from them. Any other finding is an entry of its own. What
 * documentation excludes is told by the rule of the policy that says so, whatever its type:
 * all iterators are one entry. And a race of the interpreter's code on an object of its own, which a
 * package's object holds or hands to it, is told with that object's type: it is for the package to
 * keep a generator of its own to one thread, but a proxy of a memoryview is as safe as that is. One
 * on a global variable is told with the variable.
 *
 *     data race   array.array::append|pop     ob_item   ─┐
 *     data race   array.array::append|len     ob_size   ─┼─► array.array: ob_item, ob_size: 3 of
 *     data race   array.array::pop|pop        ob_item   ─┘   its 51 operations take no lock
 *     crash       array.array::pop|pop                  ───► itself
 *     data race   wrapt.ObjectProxy::a|b  of memoryview ───► memoryview, in wrapt.ObjectProxy: ...
 *     data race   tests/test_a.py::test_b     ob_item   ─┬─► array.array: ob_item, ob_size: 5 functions
 *     data race   tests/test_a.py::test_c     ob_size   ─┘   take no lock
 *     data race   tests/test_a.py::test_d               ───► itself
 *
 * Entries stand where their first member stands in the report, so that what follows from another
 * finding stays below it. An entry has the status of its
 * witness, the first in the order of the report: new, if anything in it is.
 */
#ifndef REPORTS_ENTRIES_H
#define REPORTS_ENTRIES_H

#include "ftstress/finding.h"
#include "reports/fields.h"
#include "runner/base/util.h"

/* An entry is known by its witness' id. All is borrowed from the report's input or the entries'. */
struct report_entry {
	const struct finding *witness; /* the member to look at first */
	const struct finding **members;
	size_t count, capacity;
	char *title; /* one line */
	/* What follows is empty where a finding is told by itself. Without pairs only type, which may
	 * be NULL, fields and functions are there. */
	char *type;  /* or of documented ones the name in the policy */
	char *of;    /* the type of the pairs, the first one if there are several */
	bool within; /* the type is not that one: objects of it came up in its pairs */
	bool of_pairs;
	size_t types;
	struct fields *fields;
	char **functions; /* that race, each once */
	size_t function_count;
	char **operations; /* that race, each once */
	size_t operation_count;
	size_t operations_all; /* of the type; 0 = not known */
	char **pairs; /* "append|pop", each once; with several types after the type's name */
	size_t pair_count;
};

struct entries {
	struct report_entry *items;
	size_t count, capacity;
	size_t users; /* each has to free them */
};

/* Those of the input, if it has them. */
struct entries *entries_new(const struct report_input *input);
void entries_free(struct entries *entries);

/* The number of the entry that has the finding with this id, from 0; entries->count: there is none. */
size_t entries_find(const struct entries *entries, const char *id);

/* "append, extend, pop and 11 more": at most `most` of them. */
void entry_add_names(struct buf *out, char *const *names, size_t count, size_t most);

/* "structure (12 races), plain field (3)", the gravest first; nothing without races. */
void entry_add_ranks(struct buf *out, const struct report_entry *entry);

/* "2 races that most likely follow"; nothing if there are none. */
void entry_add_follows(struct buf *out, const struct report_entry *entry);

/* "ob_item (12 races), allocated (3)": at most `most` of them. */
void entry_add_fields(struct buf *out, const struct report_entry *entry, size_t most);

#endif
