/* notes.c - see notes.h. */
#include "runner/collate/notes.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "runner/base/util.h"

enum { SAME = 3 };

void notes_add(struct notes *notes, const char *text)
{
	for (size_t i = 0; i < notes->count; i++)
		if (!strcmp(notes->items[i], text))
			return;
	ARRAY_PUSH(notes->items, notes->count, notes->capacity, xstrdup(text));
}

static const char *behind_first_word(const char *note)
{
	return note + strcspn(note, " ");
}

/* Takes those behind `at` that say the same of another word off the list; returns how many. */
static size_t take_same(struct notes *notes, size_t at, bool take)
{
	const char *said = behind_first_word(notes->items[at]);
	size_t kept = at + 1, same = 0;
	for (size_t i = at + 1; i < notes->count; i++) {
		bool is = *said && !strcmp(behind_first_word(notes->items[i]), said);
		same += is;
		if (is && take)
			free(notes->items[i]);
		else
			notes->items[kept++] = notes->items[i];
	}
	notes->count = kept;
	return same;
}

void notes_fold(struct notes *notes)
{
	for (size_t i = 0; i < notes->count; i++) {
		size_t more = take_same(notes, i, false);
		if (more + 1 < SAME)
			continue;
		take_same(notes, i, true);
		char *note = notes->items[i];
		const char *said = behind_first_word(note);
		notes->items[i] =
			xprintf("%.*s (and %zu more)%s", (int)(said - note), note, more, said);
		free(note);
	}
}

void notes_clear(struct notes *notes)
{
	for (size_t i = 0; i < notes->count; i++)
		free(notes->items[i]);
	free(notes->items);
	*notes = (struct notes){ 0 };
}
