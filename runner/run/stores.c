/* stores.c - see stores.h. */
#include "runner/run/stores.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "runner/base/util.h"

static const char ending[] = ".db";

static bool is_store(const char *name)
{
	size_t length = strlen(name), end = sizeof ending - 1;
	return length > end && !strcmp(name + length - end, ending);
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

char **stores_names(const char *folder, size_t *count)
{
	char **names = NULL;
	size_t capacity = 0;
	DIR *dir = opendir(folder);
	const struct dirent *entry;
	*count = 0;
	while (dir && (entry = readdir(dir)))
		if (is_store(entry->d_name))
			ARRAY_PUSH(names, *count, capacity,
				   xstrndup(entry->d_name,
					    strlen(entry->d_name) - (sizeof ending - 1)));
	if (dir)
		closedir(dir);
	if (*count)
		qsort(names, *count, sizeof *names, by_name);
	return names;
}

/* "mine" of "stress/mine.ini". To be freed. */
static char *suite_name(const char *suite)
{
	const char *slash = strrchr(suite, '/');
	const char *name = slash ? slash + 1 : suite;
	size_t length = strlen(name);
	if (length > 4 && !strcmp(name + length - 4, ".ini"))
		length -= 4;
	else if (length > 3 && !strcmp(name + length - 3, ".py"))
		length -= 3;
	return xstrndup(name, length);
}

/* Of a suite of which only pairs were run, theirs. */
static char *path_of(const char *folder, const char *name)
{
	char *path = xprintf("%s/%s%s", folder, name, ending);
	char *pairs = xprintf("%s/%s-pairs%s", folder, name, ending);
	bool only = access(path, F_OK) != 0 && access(pairs, F_OK) == 0;
	free(only ? path : pairs);
	return only ? pairs : path;
}

int stores_open(const char *folder, const char *suite, struct store **store)
{
	char *name = suite_name(suite), *path = path_of(folder, name);
	int code = access(path, F_OK) == 0
			   ? store_open(path, store)
			   : fail(EXIT_BAD_INPUT,
				  "there is no run of %s in %s (`ftstress list` names the suites "
				  "that have one; --output DIR looks in another folder)",
				  name, folder);
	free(path);
	free(name);
	return code;
}

/* Looks for the id, or what begins so; more than one is too many. */
static int look_in(struct store *store, const char *id, struct finding *finding, bool *found)
{
	struct finding one = { 0 };
	bool here = false;
	int code = store_find(store, id, &one, &here);
	if (code || !here)
		return code;
	if (*found) {
		bool same = strcmp(finding->id, one.id) == 0; /* of a suite, and of its pairs */
		code = same ? 0
			    : fail(EXIT_BAD_INPUT, "\"%s\" is the beginning of several ids: %s, %s",
				   id, finding->id, one.id);
		finding_clear(&one);
		return code;
	}
	*finding = one;
	*found = true;
	return 0;
}

/* Is the store that of the suite, or of its pairs? */
static bool is_of(const char *name, const char *suite)
{
	size_t length = strlen(suite);
	return !strncmp(name, suite, length) && (!name[length] || !strcmp(name + length, "-pairs"));
}

int stores_find(const char *folder, const char *id, struct store **store, char **suite,
		struct finding *finding)
{
	return stores_find_of(folder, NULL, id, store, suite, finding);
}

int stores_find_of(const char *folder, const char *of, const char *id, struct store **store,
		   char **suite, struct finding *finding)
{
	size_t count;
	char **names = stores_names(folder, &count), *wanted = of ? suite_name(of) : NULL;
	bool found = false;
	int code = 0;
	*finding = (struct finding){ 0 };
	for (size_t i = 0; i < count && !code; i++) {
		struct store *one = NULL;
		bool before = found;
		if (wanted && !is_of(names[i], wanted))
			continue;
		code = stores_open(folder, names[i], &one);
		if (!code)
			code = look_in(one, id, finding, &found);
		if (!code && found && !before && store) {
			*store = one;
			one = NULL;
		}
		if (!code && found && !before && suite)
			*suite = xstrdup(names[i]);
		store_close(one);
	}
	strings_free(names, count);
	free(wanted);
	if (!code && !found)
		code = fail(EXIT_BAD_INPUT,
			    "no run whose reports are in %s has found %s (--output DIR names "
			    "another folder; the id stands in the report)",
			    folder, id);
	return code;
}
