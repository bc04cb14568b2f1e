/* lockprofile.c - see lockprofile.h. */
#include "runner/locks/lockprofile.h"
#include "runner/model/lock_kind.h"

#include <stdlib.h>
#include <string.h>

#include "runner/base/map.h"
#include "runner/base/util.h"

struct lockprofile {
	struct run_lock *locks;
	size_t count, capacity;
	struct map by_class;
};

struct lockprofile *lockprofile_new(void)
{
	return xcalloc(1, sizeof(struct lockprofile));
}

void lockprofile_free(struct lockprofile *profile)
{
	if (!profile)
		return;
	for (size_t i = 0; i < profile->count; i++) {
		free(profile->locks[i].name);
		free(profile->locks[i].where);
	}
	free(profile->locks);
	map_free(&profile->by_class);
	free(profile);
}

static struct run_lock *lock_of(struct lockprofile *profile, const struct lockname *name,
				uint32_t kind)
{
	uint64_t key = hash_string(0, name->class) >> 1, at = map_get(&profile->by_class, key);
	if (at != MAP_NONE)
		return &profile->locks[at];
	struct run_lock lock = { .name = xstrdup(name->name), .kind = lock_kind_name(kind) };
	ARRAY_PUSH(profile->locks, profile->count, profile->capacity, lock);
	map_set(&profile->by_class, key, profile->count - 1);
	return &profile->locks[profile->count - 1];
}

void lockprofile_add(struct lockprofile *profile, const struct lockname *name, uint32_t kind,
		     const char *where, const struct lockprofile_times *times)
{
	struct run_lock *lock = lock_of(profile, name, kind);
	lock->waits += times->waits;
	lock->waited += times->waited;
	if (times->longest_hold > lock->longest_hold)
		lock->longest_hold = times->longest_hold;
	if (lock->where && times->longest_wait <= lock->longest_wait)
		return;
	lock->longest_wait = times->longest_wait;
	free(lock->where);
	lock->where = xstrdup(where);
}

static int by_waiting(const void *left, const void *right)
{
	const struct run_lock *a = left, *b = right;
	if (a->waited > b->waited)
		return -1;
	if (a->waited < b->waited)
		return 1;
	return strcmp(a->name, b->name);
}

struct run_lock *lockprofile_most(const struct lockprofile *profile, size_t *count)
{
	struct run_lock *sorted = xcalloc(profile->count + 1, sizeof *sorted);
	if (profile->count)
		memcpy(sorted, profile->locks, profile->count * sizeof *sorted);
	qsort(sorted, profile->count, sizeof *sorted, by_waiting);
	*count = profile->count < LOCKPROFILE_TOLD ? profile->count : LOCKPROFILE_TOLD;
	for (size_t i = 0; i < *count; i++) {
		sorted[i].name = xstrdup(sorted[i].name);
		sorted[i].where = xstrdup(sorted[i].where);
	}
	return sorted;
}
