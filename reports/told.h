/*
 * told.h - an entry in lines of plain text: for the terminal, and for formats whose reader sees no more
 * than a text (JUnit, annotations). All is on lines without control characters.
 *
 *	 1. data race: MT19937: seeding under the lock, reading the state without it
 *	    at offset 16 of a Python object of type 'MT19937' (2560 bytes)
 *	    write of 4 bytes, Thread T3
 *	        holds   RandomState.lock (numpy/random/mtrand.pyx:200)
 *	        Python  numpy/random/tests/test_seed.py:41   test_seed
 *	        ...
 */
#ifndef REPORTS_TOLD_H
#define REPORTS_TOLD_H

#include <stdbool.h>
#include <stdio.h>

#include "ftstress/finding.h"
#include "reports/entries.h"
#include "runner/base/util.h"

enum style { PLAIN, BOLD, RED, BLUE, DIM };

struct page {
	FILE *out;
	bool color;
	unsigned columns; /* 0 = no end */
};

/* Prints the line, cut to the width, then coloured (escapes take no columns), and empties it. */
void page_print(const struct page *page, enum style style, struct buf *line);

/* Is a finding told in full? What is new, and of a replay what is known. */
bool told_is_shown(const struct report_input *input, const struct finding *finding);

/*
 * Prints the entry. `number`: its number in the list, from which what follows from it is named; 0: there is
 * no such list, and the line with its title is left out.
 */
void told_entry(const struct page *page, const struct report_input *input,
		const struct entries *entries, size_t number, const struct report_entry *entry);

/* The same without number and title as a text, and no longer than about `most` bytes. To be freed. */
char *told_text(const struct report_input *input, const struct entries *entries,
		const struct report_entry *entry, size_t most);

#endif
