/* kinds.c - see kinds.h. */
#include "runner/model/kinds.h"

#include <string.h>

static const struct finding_kind_info *const kinds[FINDING_KINDS] = {
#define KIND(upper, lower) [FINDING_##upper] = &kind_##lower,
	FINDING_KIND_LIST(KIND)
#undef KIND
};

const struct finding_kind_info *kind_info(enum finding_kind kind)
{
	return kinds[kind];
}

const char *finding_kind_name(enum finding_kind kind)
{
	return kind < FINDING_KINDS ? kinds[kind]->name : "unknown";
}

int finding_kind_parse(const char *name)
{
	for (int i = 0; i < FINDING_KINDS; i++) {
		if (!strcmp(name, kinds[i]->name))
			return i;
	}
	return -1;
}
