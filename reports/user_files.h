/*
 * user_files.h - the file of the user's that a frame is in, for reports that point into a repository. What
 * runs was built from a copy, or installed:
 *
 *	PKG = ~/.cache/ftstress/pkg/mine-5b239a6ee336   ENV = ~/.cache/ftstress/env/suite-0bb98bbb7e05
 *
 *	PKG/src/src/cache.c                    src/cache.c, as `install = ..` had it
 *	ENV/tsan/mine/core.py                  mine/core.py, or src/mine/core.py
 *	/repo/stress/suites/../tests/test_a.py stress/tests/test_a.py
 *	/usr/lib/python3.14/threading.py       none: not the user's
 *
 * The repository is GITHUB_WORKSPACE, else the folder with .git that we are in or that the suite's file is
 * in, else the folder that we are in. A copy's file is looked for in the folders from the suite's up to the
 * repository's.
 */
#ifndef REPORTS_USER_FILES_H
#define REPORTS_USER_FILES_H

#include "ftstress/finding.h"
#include "runner/base/util.h"

struct user_files;

struct user_files *user_files_open(const struct run_info *run);
void user_files_close(struct user_files *files);

/* The folder of the repository, absolute, without a slash at its end. */
const char *user_files_root(const struct user_files *files);

/* The path of the file in the repository, NULL where it is none of it; valid until the end. */
const char *user_files_find(struct user_files *files, const char *file);

/* Where to look first. */
struct user_place {
	const struct frame *frame; /* NULL: nothing is known but the file of its test */
	const char *path;          /* in the repository, or NULL */
	int line;                  /* 0 = not known */
};

/*
 * The innermost line of the repository's own on any side, compiled code before Python. If there is none, the file
 * of the first test, or the innermost own line of anybody's.
 */
struct user_place user_files_place(struct user_files *files, const struct finding *finding);

/* Appends a path as the text of a URI: all that is not plain is written as %XX. */
void user_files_add_uri(struct buf *out, const char *path);

#endif
