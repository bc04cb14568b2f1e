/* cache.c - see cache.h. */
#include "runner/setup/cache.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "runner/base/util.h"

enum { DAY = 24 * 60 * 60, HASH_DIGITS = 16 };

struct entry {
	char *path;
	time_t used;
};

void cache_used(const char *path)
{
	utimensat(AT_FDCWD, path, NULL, 0);
}

/* "SUITE-<hash>", with more behind it: also what a run that was killed has left unfinished. */
static bool is_of(const char *name, const char *suite)
{
	size_t length = strlen(suite);
	if (strncmp(name, suite, length) != 0 || name[length] != '-')
		return false;
	const char *hash = name + length + 1;
	size_t digits = strspn(hash, "0123456789abcdef");
	return digits == HASH_DIGITS && (!hash[digits] || hash[digits] == '.');
}

static int compare_used(const void *left, const void *right)
{
	const struct entry *one = left, *two = right;
	return one->used < two->used ? 1 : one->used > two->used ? -1 : 0;
}

void cache_trim(const struct paths *paths, const char *folder, const char *suite)
{
	char *whole = xprintf("%s/%s", paths->cache, folder);
	struct entry *entries = NULL;
	size_t count = 0, capacity = 0;
	DIR *directory = opendir(whole);
	for (struct dirent *found; directory && (found = readdir(directory));) {
		struct stat status = { 0 };
		if (!is_of(found->d_name, suite))
			continue;
		char *path = xprintf("%s/%s", whole, found->d_name);
		lstat(path, &status);
		struct entry entry = { path, status.st_mtime };
		ARRAY_PUSH(entries, count, capacity, entry);
	}
	if (directory)
		closedir(directory);
	if (count)
		qsort(entries, count, sizeof *entries, compare_used);
	for (size_t i = 0; i < count; i++) {
		if (i >= CACHE_KEPT && entries[i].used < time(NULL) - DAY)
			remove_tree(entries[i].path);
		free(entries[i].path);
	}
	free(entries);
	free(whole);
}
