/*
 * joined.h - findings on their way to being groups (groups.h): those with a key in common are joined. Not
 * thread-safe.
 */
#ifndef REPORTS_JOINED_H
#define REPORTS_JOINED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ftstress/finding.h"
#include "runner/base/map.h"

/* What a key is of. */
enum {
	OF_PAIRS = 1,
	OF_TYPE,
	OF_FIELD,
	OF_FUNCTION,
	OF_LINE,
	OF_GLOBAL,
	OF_BLOCK,
	OF_END,
	OF_OPERATIONS,
	OF_COUNT,
	OF_LEAK,
	OF_VARIABLE,
	OF_CLASS,
	OF_ATTRIBUTE,
	OF_SAID,
	OF_BORROWER,
	OF_USES,
	OF_CALLS,
	OF_BODY,
	OF_RACING,
	OF_COMMON,
	OF_ALONE,
};

struct groups {
	const struct finding *const *findings;
	size_t count;
	size_t *first;     /* of each finding: one of its group, in the end the first */
	uint64_t *pairs;   /* of the first: the key of the group in pairs, 0 = none */
	struct map by_key; /* a finding that has it */
};

/*
 * Where the keys of a finding begin. What a rule of the user's hides, and what documentation excludes, is told apart
 * from what else it has a key in common with. New, known, upstream: that is for the group as a whole (settle.h).
 */
uint64_t joined_key(const struct finding *finding, unsigned of);

/* Would the two have keys in common, as far as that goes? */
bool joined_may(const struct finding *one, const struct finding *two);

/* The finding that stands for the group of `at`. */
size_t joined_find(struct groups *groups, size_t at);

/* What pairs tell apart stays apart. */
void joined_join(struct groups *groups, size_t one, size_t two);

/* Joins the finding with all others that have the key. */
void joined_add(struct groups *groups, size_t at, uint64_t key);

/* The group of `at` goes into another one, and is told with what that is told with. */
void joined_fold(struct groups *groups, size_t at, size_t into);

#endif
