/*
 * scratch.h - the folder into which the tests write, and which is removed after the run.
 */
#ifndef RUNNER_SCRATCH_H
#define RUNNER_SCRATCH_H

/*
 * Removes such folders of runs that were killed, and makes one below TMPDIR. `*path` is to be
 * freed. Returns 0, or EXIT_BAD_INPUT after a message to the user.
 */
int scratch_make(char **path);

/*
 * Removes the folder, and the folder `compiled`, in which Python has put the bytecode of its files.
 */
void scratch_remove(const char *path, const char *compiled);

#endif
