/* lock_kind.c - see lock_kind.h. */
#include "runner/model/lock_kind.h"

#include <stddef.h>
#include <string.h>

#include "ftstress/locks.h"

static const struct {
	const char *name, *between;
} kinds[] = {
#define ROW(name, number, words, between, traits) [number] = { words, between },
	FTS_LOCK_KINDS(ROW)
#undef ROW
};
#define KINDS (sizeof kinds / sizeof *kinds)

const char *lock_kind_name(uint32_t kind)
{
	return kind < KINDS && kinds[kind].name ? kinds[kind].name : "lock";
}

const char *lock_kind_between(uint32_t kind)
{
	return kind < KINDS && kinds[kind].between ? kinds[kind].between : " in a ";
}

const char *lock_kind_parse(const char *name)
{
	for (size_t i = 0; name && i < KINDS; i++)
		if (kinds[i].name && !strcmp(kinds[i].name, name))
			return kinds[i].name;
	return "lock";
}
