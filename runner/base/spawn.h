/*
 * spawn.h - runs a program to its end and takes what it prints.
 */
#ifndef RUNNER_SPAWN_H
#define RUNNER_SPAWN_H

#include <signal.h>
#include <stdbool.h>

#include "runner/base/util.h"

struct spawn {
	char *const *arguments;   /* ends with NULL; the program is arguments[0] */
	char *const *environment; /* NAME=VALUE, ends with NULL; NULL = ours */
	const char *folder;       /* NULL = ours */
	/* A third channel, for progress: NAME is set to its descriptor; NULL = none. */
	const char *progress_variable;
	void (*progress)(void *arg, char *line); /* called with each line of it */
	void *arg;
	const volatile sig_atomic_t *stop; /* when it becomes non-zero, the program is ended */
};

struct spawned {
	int status; /* exit status; 128 + signal; 127 if it could not be started */
	struct buf out, err;
};

/* Returns 0, whatever the status is; or EXIT_INTERRUPTED; or EXIT_INTERNAL after a message to the
 * user. */
int spawn_run(const struct spawn *spawn, struct spawned *spawned);
void spawned_clear(struct spawned *spawned);

#endif
