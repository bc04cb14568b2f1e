/* scratch.c - see scratch.h. */
#include "runner/setup/scratch.h"

#include <errno.h>
#include <ftw.h>
#include <glob.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "runner/base/util.h"

static int remove_one(const char *path, const struct stat *status, int kind, struct FTW *place)
{
	(void)status, (void)kind, (void)place;
	remove(path);
	return 0;
}

/* A folder that a killed run left behind has its process id in the name. */
static void remove_stale(const char *base)
{
	char *pattern = xprintf("%s/ftstress-run-*", base);
	glob_t found = { 0 };
	if (glob(pattern, GLOB_NOSORT, NULL, &found) == 0) {
		for (size_t i = 0; i < found.gl_pathc; i++) {
			const char *name = found.gl_pathv[i] + strlen(pattern) - 1;
			pid_t pid = (pid_t)atoi(name);
			if (pid > 0 && kill(pid, 0) < 0 && errno == ESRCH)
				nftw(found.gl_pathv[i], remove_one, 16, FTW_DEPTH | FTW_PHYS);
		}
	}
	globfree(&found);
	free(pattern);
}

void scratch_remove(const char *path, const char *compiled)
{
	nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	nftw(compiled, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

int scratch_make(char **path)
{
	const char *base = getenv("TMPDIR");
	base = base && *base ? base : "/tmp";
	remove_stale(base);
	*path = xprintf("%s/ftstress-run-%d-XXXXXX", base, (int)getpid());
	if (mkdtemp(*path))
		return 0;
	int code = fail(EXIT_BAD_INPUT, "%s: %s; set TMPDIR to a folder that can be written", *path,
			strerror(errno));
	free(*path);
	*path = NULL;
	return code;
}
