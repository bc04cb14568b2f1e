/* closest.c - see closest.h. */
#include "runner/base/closest.h"

#include <string.h>

#include "runner/base/util.h"

#define LONGEST 64

static size_t min(size_t a, size_t b)
{
	return a < b ? a : b;
}

size_t edit_distance(const char *a, const char *b)
{
	size_t rows = strnlen(a, LONGEST), columns = strnlen(b, LONGEST);
	size_t table[LONGEST + 1][LONGEST + 1];
	for (size_t i = 0; i <= rows; i++)
		table[i][0] = i;
	for (size_t j = 0; j <= columns; j++)
		table[0][j] = j;
	for (size_t i = 1; i <= rows; i++) {
		for (size_t j = 1; j <= columns; j++) {
			size_t cost = a[i - 1] != b[j - 1];
			size_t best = min(table[i - 1][j] + 1, table[i][j - 1] + 1);
			best = min(best, table[i - 1][j - 1] + cost);
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
				best = min(best, table[i - 2][j - 2] + 1);
			table[i][j] = best;
		}
	}
	return table[rows][columns];
}

void closest_offer(struct closest *closest, const char *wanted, const char *name)
{
	size_t allowed = strlen(wanted) / 3;
	size_t distance = edit_distance(wanted, name);
	if (distance > (allowed ? allowed : 1))
		return;
	if (!closest->name || distance < closest->distance)
		*closest = (struct closest){ name, distance };
}

char *closest_hint(const struct closest *closest)
{
	return closest->name ? xprintf("; did you mean \"%s\"?", closest->name) : xstrdup("");
}
