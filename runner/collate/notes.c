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

static bool say_the_same(const char *one, const char *two)
{
	const char *said = behind_first_word(one);
	return *said && !strcmp(said, behind_first_word(two));
}

/* How many behind `at` say the same of another word. */
static size_t count_same(const struct notes *notes, size_t at)
{
	size_t same = 0;
	for (size_t i = at + 1; i < notes->count; i++)
		same += say_the_same(notes->items[at], notes->items[i]);
	return same;
}

static void remove_same(struct notes *notes, size_t at)
{
	size_t kept = at + 1;
	for (size_t i = at + 1; i < notes->count; i++) {
		if (say_the_same(notes->items[at], notes->items[i]))
			free(notes->items[i]);
		else
			notes->items[kept++] = notes->items[i];
	}
	notes->count = kept;
}

void notes_fold(struct notes *notes)
{
	for (size_t i = 0; i < notes->count; i++) {
		size_t more = count_same(notes, i);
		if (more + 1 < SAME)
			continue;
		remove_same(notes, i);
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
