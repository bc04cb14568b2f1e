/* shrink.c - see shrink.h. */
#include "runner/model/shrink.h"

#include <stdlib.h>
#include <string.h>

#include "runner/base/util.h"

struct shrink {
	size_t *items, count;
	size_t *tried, tried_count;
	size_t keep;
	size_t part, at; /* items[at..at + part) are taken away next */
};

struct shrink *shrink_new(const size_t *items, size_t count, size_t keep)
{
	struct shrink *shrink = xcalloc(1, sizeof *shrink);
	shrink->items = xcalloc(count, sizeof *items);
	shrink->tried = xcalloc(count, sizeof *items);
	memcpy(shrink->items, items, count * sizeof *items);
	shrink->count = count;
	shrink->keep = keep;
	shrink->part = count; /* all but the one that is kept */
	return shrink;
}

void shrink_free(struct shrink *shrink)
{
	if (!shrink)
		return;
	free(shrink->items);
	free(shrink->tried);
	free(shrink);
}

/* Sets what is left without the part. False: the part is empty, or only what is kept. */
static bool take_away(struct shrink *shrink)
{
	shrink->tried_count = 0;
	for (size_t i = 0; i < shrink->count; i++) {
		bool away = i >= shrink->at && i < shrink->at + shrink->part &&
			    shrink->items[i] != shrink->keep;
		if (!away)
			shrink->tried[shrink->tried_count++] = shrink->items[i];
	}
	return shrink->tried_count < shrink->count;
}

const size_t *shrink_next(struct shrink *shrink, size_t *count)
{
	while (shrink->part) {
		for (; shrink->at < shrink->count; shrink->at += shrink->part) {
			if (!take_away(shrink))
				continue;
			*count = shrink->tried_count;
			return shrink->tried;
		}
		shrink->at = 0;
		shrink->part /= 2;
		if (shrink->part > shrink->count)
			shrink->part = shrink->count;
	}
	*count = 0;
	return NULL;
}

void shrink_answer(struct shrink *shrink, bool does)
{
	if (!does) {
		shrink->at += shrink->part;
		return;
	}
	/* What stands at the place of the part now was behind it. */
	memcpy(shrink->items, shrink->tried, shrink->tried_count * sizeof *shrink->items);
	shrink->count = shrink->tried_count;
}

const size_t *shrink_items(const struct shrink *shrink, size_t *count)
{
	*count = shrink->count;
	return shrink->items;
}
