/* paths.c - see paths.h. */
#include "runner/setup/paths.h"

#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "runner/base/util.h"

/* Relative to the folder of the executable: in the tree; the same with sanitizers; installed. */
static const struct {
	const char *stress, *library;
} places[] = {
	{ "../stress", "libftstress.so" },
	{ "../../stress", "../libftstress.so" },
	{ "../lib/ftstress/stress", "../lib/ftstress/libftstress.so" },
};

int paths_find(struct paths *paths)
{
	*paths = (struct paths){ 0 };
	char *self = realpath("/proc/self/exe", NULL);
	if (!self)
		return fail(EXIT_INTERNAL, "/proc/self/exe: %s; is /proc mounted?",
			    strerror(errno));
	*strrchr(self, '/') = '\0';
	for (size_t i = 0; !paths->stress && i < sizeof places / sizeof *places; i++) {
		char *driver = xprintf("%s/%s/ftstress_driver", self, places[i].stress);
		if (access(driver, F_OK) == 0) {
			char *stress = xprintf("%s/%s", self, places[i].stress);
			paths->stress = realpath(stress, NULL);
			paths->library = xprintf("%s/%s", self, places[i].library);
			free(stress);
		}
		free(driver);
	}
	int code = 0;
	if (!paths->stress)
		code = fail(EXIT_INTERNAL,
			    "ftstress's own files are not where they should be from %s "
			    "(%s); install it again (make install)",
			    self, places[2].stress);
	else if (access(paths->library, R_OK) < 0)
		code = fail(EXIT_INTERNAL, "%s: %s; build it with make", paths->library,
			    strerror(errno));
	free(self);
	if (code) {
		paths_clear(paths);
		return code;
	}
	paths->suites = xprintf("%s/suites", paths->stress);
	paths->prepare = xprintf("%s/toolchain/prepare", paths->stress);
	const char *cache = getenv("FTSTRESS_CACHE"), *home = getenv("HOME");
	if (cache && *cache)
		paths->cache = xstrdup(cache);
	else
		paths->cache = xprintf("%s/.cache/ftstress", home && *home ? home : "/tmp");
	return 0;
}

void paths_clear(struct paths *paths)
{
	free(paths->stress);
	free(paths->suites);
	free(paths->library);
	free(paths->prepare);
	free(paths->cache);
	*paths = (struct paths){ 0 };
}

static int remove_one(const char *path, const struct stat *status, int kind, struct FTW *place)
{
	(void)status, (void)kind, (void)place;
	remove(path);
	return 0;
}

void remove_tree(const char *path)
{
	nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

int make_folders(const char *path)
{
	char *copy = xstrdup(path);
	int error = 0;
	for (char *slash = copy + 1; !error; slash++) {
		slash = strchrnul(slash, '/');
		char end = *slash;
		*slash = '\0';
		if (mkdir(copy, 0777) < 0 && errno != EEXIST)
			error = errno;
		*slash = end;
		if (!end)
			break;
	}
	struct stat status;
	if (!error && stat(path, &status) == 0 && !S_ISDIR(status.st_mode))
		error = ENOTDIR;
	free(copy);
	return error;
}

int paths_cache_folder(const struct paths *paths, const char *name)
{
	char *folder = xprintf("%s/%s", paths->cache, name);
	int error = make_folders(folder);
	int code = error ? fail(EXIT_INTERNAL, "%s: %s", folder, strerror(error)) : 0;
	free(folder);
	return code;
}
