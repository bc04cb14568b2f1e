/* index.h - index.html of an output folder: all runs of all suites, newest first. */
#ifndef RUNNER_INDEX_H
#define RUNNER_INDEX_H

/*
 * Writes FOLDER/index.html anew, whole or not at all, from the stores that are there. One that can't be read (it
 * is damaged, or somebody else's) is left out; an error is told, and no more comes of it.
 */
void index_write(const char *folder);

#endif
