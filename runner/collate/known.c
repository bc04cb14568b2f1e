/* known.c - see known.h. */
#include "runner/collate/known.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>

#include "runner/base/util.h"

/* Reads a version such as "3.14.6", and moves *text behind it. Returns how many numbers it has. */
static size_t read_version(const char **text, unsigned long numbers[3])
{
	size_t count = 0;
	while (count < 3) {
		char *end;
		if (**text < '0' || **text > '9')
			return 0;
		numbers[count++] = strtoul(*text, &end, 10);
		*text = end;
		if (*end != '.' || end[1] < '0' || end[1] > '9')
			break;
		(*text)++;
	}
	return count;
}

/* Compares the first `count` numbers. */
static int compare(const unsigned long *a, const unsigned long *b, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (a[i] != b[i])
			return a[i] < b[i] ? -1 : 1;
	}
	return 0;
}

bool known_is_for(const char *file, const char *version)
{
	unsigned long first[3] = { 0 }, last[3] = { 0 }, release[3] = { 0 };
	size_t from = read_version(&file, first);
	if (!from || *file++ != '-')
		return false;
	size_t to = read_version(&file, last);
	if (!to || strcmp(file, ".txt") != 0 || !read_version(&version, release))
		return false;
	return compare(release, first, from) >= 0 && compare(release, last, to) <= 0;
}

int known_load(struct suppressions *set, const char *folder, const char *version)
{
	struct dirent **files = NULL;
	int count = scandir(folder, &files, NULL, alphasort), code = 0;
	for (int i = 0; i < count; i++) {
		char *path = xprintf("%s/%s", folder, files[i]->d_name);
		if (!code && known_is_for(files[i]->d_name, version))
			code = suppress_load(set, path, STATUS_UPSTREAM);
		free(path);
		free(files[i]);
	}
	free(files);
	return code;
}
