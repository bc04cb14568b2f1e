/* user_files.c - see user_files.h. */
#include "reports/user_files.h"

#include <ctype.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "reports/text.h"
#include "runner/base/map.h"

struct user_files {
	char *root;
	char *suite; /* the suite's folder, or the root's if it is not below that */
	char **paths;
	size_t count, capacity;
	struct map seen; /* hash of the file -> its number in `paths` */
};

/* Is `path` below the folder? Then its rest, else NULL. */
static const char *below(const char *path, const char *folder)
{
	size_t length = strlen(folder);
	if (strncmp(path, folder, length) != 0 || path[length] != '/')
		return NULL;
	return path + length + 1;
}

static bool exists(const char *path)
{
	struct stat status;
	return stat(path, &status) == 0;
}

/* Cuts the last part of the path off; false at the root of the file system. */
static bool go_up(char *path)
{
	char *slash = strrchr(path, '/');
	if (!slash || slash == path)
		return false;
	*slash = '\0';
	return true;
}

/* The folder from `start` upwards that has .git in it, or NULL; to be freed. */
static char *repository_of(const char *start)
{
	char *path = xstrdup(start);
	do {
		char *git = xprintf("%s/.git", path);
		bool here = exists(git);
		free(git);
		if (here)
			return path;
	} while (go_up(path));
	free(path);
	return NULL;
}

static char *folder_of_suite(const struct run_info *run)
{
	char *path = run->suite_file ? realpath(run->suite_file, NULL) : NULL;
	if (path)
		go_up(path);
	return path;
}

struct user_files *user_files_open(const struct run_info *run)
{
	struct user_files *files = xcalloc(1, sizeof *files);
	const char *workspace = getenv("GITHUB_WORKSPACE");
	char *here = realpath(".", NULL);
	files->suite = folder_of_suite(run);
	if (workspace && *workspace)
		files->root = realpath(workspace, NULL);
	if (!files->root && here)
		files->root = repository_of(here);
	if (!files->root && files->suite)
		files->root = repository_of(files->suite);
	if (!files->root)
		files->root = xstrdup(here ? here : "");
	free(here);
	if (!files->suite || !below(files->suite, files->root)) {
		free(files->suite);
		files->suite = xstrdup(files->root);
	}
	return files;
}

void user_files_close(struct user_files *files)
{
	strings_free(files->paths, files->count);
	map_free(&files->seen);
	free(files->suite);
	free(files->root);
	free(files);
}

const char *user_files_root(const struct user_files *files)
{
	return files->root;
}

/* The path in the repository of a file that is really there, or NULL; to be freed. */
static char *take(const struct user_files *files, const char *path)
{
	char *real = realpath(path, NULL);
	const char *rest = real ? below(real, files->root) : NULL;
	struct stat status;
	char *found =
		rest && stat(real, &status) == 0 && S_ISREG(status.st_mode) ? xstrdup(rest) : NULL;
	free(real);
	return found;
}

static char *take_in(const struct user_files *files, const char *folder, const char *between,
		     const char *tail)
{
	char *path = xprintf("%s/%s%s%s", folder, between, *between ? "/" : "", tail);
	char *found = take(files, path);
	free(path);
	return found;
}

/* Looks in one folder for what was copied from there, or from the folder `label` in it. */
static char *look_in(const struct user_files *files, const char *folder, const char *label,
		     const char *tail)
{
	static const char *const layouts[] = { "", "src", "lib", "python" };
	char *found = label ? take_in(files, folder, label, tail) : NULL;
	size_t count = label ? 1 : sizeof layouts / sizeof *layouts;
	for (size_t i = 0; i < count && !found; i++)
		found = take_in(files, folder, layouts[i], tail);
	return found;
}

/* Looks from the suite's folder upwards. */
static char *look_up(const struct user_files *files, const char *label, const char *tail)
{
	char *folder = xstrdup(files->suite), *found;
	for (;;) {
		found = look_in(files, folder, label, tail);
		if (found || !strcmp(folder, files->root) || !go_up(folder))
			break;
	}
	free(folder);
	return found;
}

/* Behind "/MARK/NAME/PART/" of a path: *name is NAME without the hash at its end, to be freed. */
static const char *behind(const char *file, const char *mark, const char *part, char **name)
{
	const char *at = strstr(file, mark);
	const char *end = at ? strchr(at + strlen(mark), '/') : NULL;
	size_t length = strlen(part);
	if (!end || strncmp(end, part, length) != 0)
		return NULL;
	if (name) {
		*name = xstrndup(at + strlen(mark), (size_t)(end - at) - strlen(mark));
		char *hash = strrchr(*name, '-');
		if (hash)
			*hash = '\0';
	}
	return end + length;
}

static char *find(const struct user_files *files, const char *file)
{
	static const char *const installed[] = { "/site-packages/", "/dist-packages/" };
	char *label = NULL;
	const char *tail = behind(file, "/pkg/", "/src/", &label);
	if (!tail)
		tail = behind(file, "/env/", "/tsan/", NULL);
	if (!tail)
		tail = behind(file, "/env/", "/plain/", NULL);
	for (size_t i = 0; i < sizeof installed / sizeof *installed && !tail; i++) {
		const char *at = strstr(file, installed[i]);
		tail = at ? at + strlen(installed[i]) : NULL;
	}
	char *found = NULL;
	if (tail || *file != '/')
		found = look_up(files, label, tail ? tail : file);
	else if (!strstr(file, "/lib/python3."))
		found = take(files, file);
	free(label);
	return found;
}

const char *user_files_find(struct user_files *files, const char *file)
{
	if (!file || !*file || strlen(file) >= PATH_MAX)
		return NULL;
	uint64_t key = hash_string(0, file), number = map_get(&files->seen, key);
	if (number == MAP_NONE) {
		number = files->count;
		ARRAY_PUSH(files->paths, files->count, files->capacity, find(files, file));
		map_set(&files->seen, key, number);
	}
	return files->paths[number];
}

/* ---- places ---- */

/* The file of a test's id, "tests/test_a.py::test_b[1]". */
static struct user_place place_of_test(struct user_files *files, const struct finding *finding)
{
	struct user_place place = { 0 };
	if (!finding->test_count)
		return place;
	const char *test = finding->tests[0], *end = strstr(test, "::");
	char *file = xstrndup(test, end ? (size_t)(end - test) : strlen(test));
	place.path = user_files_find(files, file);
	free(file);
	return place;
}

/* The innermost line of the repository's own in the stack. */
static struct user_place place_in(struct user_files *files, const struct stack *stack)
{
	for (size_t i = 0; i < stack->count; i++) {
		const struct frame *frame = &stack->frames[i];
		const char *path = frame->plumbing || !frame->line
					   ? NULL
					   : user_files_find(files, frame->file);
		if (path)
			return (struct user_place){ frame, path, frame->line };
	}
	return (struct user_place){ 0 };
}

/* Where no side is in the repository. */
static struct user_place place_of_anybody(const struct finding *finding)
{
	for (size_t i = 0; i < finding->participant_count; i++) {
		struct text_place place = text_place(finding, &finding->participants[i]);
		const struct frame *const own[] = { place.native, place.cython, place.python };
		for (size_t k = 0; k < sizeof own / sizeof *own; k++)
			if (own[k] && own[k]->file && own[k]->line)
				return (struct user_place){ own[k], NULL, own[k]->line };
	}
	return (struct user_place){ 0 };
}

struct user_place user_files_place(struct user_files *files, const struct finding *finding)
{
	struct user_place best = { 0 };
	for (size_t i = 0; i < finding->participant_count; i++) {
		struct user_place one = place_in(files, &finding->participants[i].stack);
		bool compiled = one.path && one.frame->language != FRAME_PYTHON;
		if (compiled)
			return one;
		if (!best.path)
			best = one;
	}
	if (!best.path)
		best = place_of_test(files, finding);
	return best.path ? best : place_of_anybody(finding);
}

void user_files_add_uri(struct buf *out, const char *path)
{
	for (const unsigned char *c = (const unsigned char *)path; *c; c++) {
		if (*c < 0x80 && (isalnum(*c) || strchr("/-._~", *c)))
			buf_add(out, c, 1);
		else
			buf_printf(out, "%%%02X", *c);
	}
}
