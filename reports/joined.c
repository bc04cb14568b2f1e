/* joined.c - see joined.h. */
#include "reports/joined.h"

/* The part of a key that says whose a finding is: 0 for those that may be one group. */
static uint64_t apart(const struct finding *finding)
{
	enum finding_status status = finding->status;
	return status == STATUS_DOCUMENTED || status == STATUS_SUPPRESSED ? (uint64_t)status : 0;
}

uint64_t joined_key(const struct finding *finding, unsigned of)
{
	return of | apart(finding) << 8;
}

bool joined_may(const struct finding *one, const struct finding *two)
{
	return apart(one) == apart(two);
}

size_t joined_find(struct groups *groups, size_t at)
{
	while (groups->first[at] != at) {
		groups->first[at] = groups->first[groups->first[at]];
		at = groups->first[at];
	}
	return at;
}

/* Two that stand for their groups; `pairs`: the key of the group in pairs. */
static void unite(struct groups *groups, size_t one, size_t two, uint64_t pairs)
{
	size_t first = one < two ? one : two;
	groups->pairs[first] = pairs;
	groups->first[one] = groups->first[two] = first;
}

void joined_join(struct groups *groups, size_t one, size_t two)
{
	one = joined_find(groups, one);
	two = joined_find(groups, two);
	const uint64_t *pairs = groups->pairs;
	if (!pairs[one] || !pairs[two] || pairs[one] == pairs[two])
		unite(groups, one, two, pairs[one] ? pairs[one] : pairs[two]);
}

void joined_fold(struct groups *groups, size_t at, size_t into)
{
	at = joined_find(groups, at);
	into = joined_find(groups, into);
	unite(groups, at, into, groups->pairs[into]);
}

void joined_add(struct groups *groups, size_t at, uint64_t key)
{
	uint64_t other = map_get(&groups->by_key, key);
	if (other == MAP_NONE)
		map_set(&groups->by_key, key, at);
	else
		joined_join(groups, at, other);
}
