/* paths.c - see paths.h. */
#include "runner/paths.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "runner/util.h"

int paths_find(struct paths *paths)
{
	*paths = (struct paths){ 0 };
	char *self = realpath("/proc/self/exe", NULL);
	if (!self)
		return fail(EXIT_INTERNAL, "/proc/self/exe: %s; is /proc mounted?", strerror(errno));
	*strrchr(self, '/') = '\0';
	char *tree = xprintf("%s/../stress", self), *installed = xprintf("%s/../lib/ftstress/stress", self);
	paths->stress = realpath(tree, NULL);
	if (paths->stress)
		paths->library = xprintf("%s/libftstress.so", self);
	else if ((paths->stress = realpath(installed, NULL)))
		paths->library = xprintf("%s/../libftstress.so", paths->stress);
	int code = paths->stress ? 0 : fail(EXIT_INTERNAL,
					    "ftstress's own files are neither in %s nor in %s; "
					    "install it again (make install)",
					    tree, installed);
	free(installed);
	free(tree);
	free(self);
	if (code)
		return code;
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
