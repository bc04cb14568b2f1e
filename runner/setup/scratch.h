/*
 * scratch.h - the folder for what the tests write; it is gone after the run.
 */
#ifndef RUNNER_SCRATCH_H
#define RUNNER_SCRATCH_H

/*
 * Makes one below TMPDIR, having removed those of runs that were killed. `*path` is the caller's.
 * Returns 0 or EXIT_BAD_INPUT, having told the user.
 */
int scratch_make(char **path);

/* Removes it, and `compiled`, what Python had compiled of the files in it. */
void scratch_remove(const char *path, const char *compiled);

#endif
