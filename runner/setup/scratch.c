/* scratch.c - see scratch.h. */
#include "runner/setup/scratch.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "runner/base/util.h"
#include "runner/setup/paths.h"

/*
 * A run holds a file lock on its folder; the lock ends with the process. The process id in the
 * folder's name is not enough: /tmp may be shared with other containers, in which the same number
 * is another process. If the lock can't be acquired, the folder is not taken for a stale one.
 */
static bool lock_folder(const char *path, int *fd)
{
	*fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (*fd >= 0 && flock(*fd, LOCK_EX | LOCK_NB) == 0)
		return true;
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
	return false;
}

static void remove_if_stale(const char *path)
{
	int fd;
	if (!lock_folder(path, &fd))
		return;
	remove_tree(path);
	close(fd);
}

/* Removes folders that killed runs have left behind: the process id in the name is nobody's, and
 * nobody holds the lock. */
static void remove_stale(const char *base)
{
	char *pattern = xprintf("%s/ftstress-run-*", base);
	glob_t found = { 0 };
	if (glob(pattern, GLOB_NOSORT, NULL, &found) == 0) {
		for (size_t i = 0; i < found.gl_pathc; i++) {
			const char *name = found.gl_pathv[i] + strlen(pattern) - 1;
			pid_t pid = (pid_t)atoi(name);
			if (pid > 0 && kill(pid, 0) < 0 && errno == ESRCH)
				remove_if_stale(found.gl_pathv[i]);
		}
	}
	globfree(&found);
	free(pattern);
}

void scratch_remove(const char *path, const char *compiled)
{
	remove_tree(path);
	remove_tree(compiled);
}

int scratch_make(char **path)
{
	const char *base = getenv("TMPDIR");
	base = base && *base ? base : "/tmp";
	remove_stale(base);
	*path = xprintf("%s/ftstress-run-%d-XXXXXX", base, (int)getpid());
	if (mkdtemp(*path)) {
		int fd; /* stays open for the life of the process: it holds the lock */
		lock_folder(*path, &fd);
		if (access(*path, F_OK) == 0)
			return 0;
		/* Before we had the lock, another run took it for a stale one, and removed it. */
		if (fd >= 0)
			close(fd);
		free(*path);
		return scratch_make(path);
	}
	int code = fail(EXIT_BAD_INPUT, "%s: %s; set TMPDIR to a folder that can be written", *path,
			strerror(errno));
	free(*path);
	*path = NULL;
	return code;
}
