/* groups_pairs.c - see groups_pairs.h. */
#include "reports/groups_pairs.h"

#include <string.h>

#include "reports/groups.h"
#include "runner/base/util.h"
#include "runner/model/matrix.h"

/* ---- crashes in pairs ---- */

#define APART ((uint64_t)2) /* a bit of the keys of what is told apart from its type */

uint64_t groups_pairs_key(const struct finding *finding, const char *name, size_t length,
			  bool apart)
{
	uint64_t key = hash_bytes((uint64_t)finding->status, name, length);
	return (key & ~(APART | 1)) | (apart ? APART : 0) | 1;
}

/* Is the race told with the type of its pairs, or one that this inherits from, not with what it is on? */
static bool is_of_type(struct groups *groups, size_t at)
{
	const struct finding *finding = groups->findings[at];
	uint64_t key = groups->pairs[joined_find(groups, at)];
	return matrix_type_of(finding) && finding->status != STATUS_DOCUMENTED && key &&
	       !(key & APART);
}

/* "add#2" of "m.T::add#2|pop" is add of m.T, with other arguments. */
static uint64_t key_of(const struct finding *finding, const char *test,
		       const struct operation_name *operation)
{
	const char *variant = memchr(operation->text, '#', operation->length);
	size_t length = variant ? (size_t)(variant - operation->text) : operation->length;
	uint64_t key = hash_bytes((uint64_t)finding->status, test, matrix_told_length(test));
	return hash_bytes(hash_string(key, "::"), operation->text, length);
}

/* A race of each operation that races with its type. */
static void note_operations(struct groups *groups, struct map *racing)
{
	struct operation_name both[2];
	for (size_t i = 0; i < groups->count; i++) {
		const struct finding *finding = groups->findings[i];
		for (size_t k = 0; is_of_type(groups, i) && k < finding->test_count; k++) {
			bool pair = matrix_operations(finding->tests[k], both);
			for (size_t side = 0; pair && side < 2; side++)
				map_set(racing, key_of(finding, finding->tests[k], &both[side]), i);
		}
	}
}

/* Both of the pair's operations race, and in one group. */
static void join_races(struct groups *groups, size_t at, const struct map *racing)
{
	const struct finding *finding = groups->findings[at];
	const char *test = finding->tests[0];
	struct operation_name both[2];
	if (!matrix_operations(test, both))
		return;
	uint64_t one = map_get(racing, key_of(finding, test, &both[0]));
	uint64_t two = map_get(racing, key_of(finding, test, &both[1]));
	if (one != MAP_NONE && two != MAP_NONE &&
	    joined_find(groups, one) == joined_find(groups, two))
		joined_join(groups, at, one);
}

void groups_add_pairs(struct groups *groups)
{
	struct map racing = { 0 };
	note_operations(groups, &racing);
	for (size_t i = 0; i < groups->count; i++) {
		const struct finding *finding = groups->findings[i];
		bool crash = finding->kind == FINDING_CRASH;
		size_t type = finding->test_count ? matrix_told_length(finding->tests[0]) : 0;
		bool counted = finding->kind == FINDING_REFERENCE_COUNT ||
			       finding->kind == FINDING_BORROWED_REFERENCE;
		if (!type || !(crash || counted || finding_is_misuse(finding)))
			continue;
		if (crash && finding->said) {
			uint64_t key = joined_key(finding, OF_SAID) + finding_is_alone(finding);
			key = hash_bytes(key, finding->tests[0], type);
			joined_add(groups, i, hash_string(key, finding->said));
		}
		if (!finding_is_alone(finding))
			join_races(groups, i, &racing);
	}
	map_free(&racing);
}

/* ---- what only follows ---- */

/* Of a finding that follows from another one of its status that one's group; else the count of all. */
static uint64_t cause_of(struct groups *groups, size_t at, const struct map *by_id)
{
	const struct finding *finding = groups->findings[at];
	uint64_t cause =
		finding->follows ? map_get(by_id, hash_string(0, finding->follows)) : MAP_NONE;
	bool is = cause != MAP_NONE && groups->findings[cause]->status == finding->status;
	return is ? joined_find(groups, cause) : groups->count;
}

void groups_fold(struct groups *groups)
{
	struct map by_id = { 0 }, causes = { 0 };
	for (size_t i = 0; i < groups->count; i++)
		map_set(&by_id, hash_string(0, groups->findings[i]->id), i);
	for (size_t i = 0; i < groups->count; i++) {
		size_t own = joined_find(groups, i);
		uint64_t cause = cause_of(groups, i, &by_id), before = map_get(&causes, own);
		bool same = before == MAP_NONE || before == cause;
		map_set(&causes, own, same ? cause : groups->count);
	}
	for (size_t i = 0; i < groups->count; i++) {
		uint64_t cause = map_get(&causes, i);
		if (joined_find(groups, i) == i && cause < groups->count && !is_of_type(groups, i))
			joined_fold(groups, i, cause);
	}
	map_free(&by_id);
	map_free(&causes);
}
