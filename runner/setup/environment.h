/*
 * environment.h - the interpreters and packages of a suite, from the toolchain, and the environment
 * variables with which its processes are started.
 */
#ifndef RUNNER_ENVIRONMENT_H
#define RUNNER_ENVIRONMENT_H

#include <signal.h>
#include <stdint.h>

#include "runner/setup/options.h"
#include "runner/setup/paths.h"
#include "runner/base/progress.h"
#include "runner/setup/suite.h"
#include "runner/trial/worker.h"

struct environment {
	char *python, *plain;                          /* interpreters: with and without TSan */
	char *version;                                 /* "3.14.6" */
	char *recipe;                                  /* changes when anything of this changes */
	struct strings tsan_site, plain_site, sources; /* folders */
};

/*
 * Has the toolchain build what is missing and says where all is. Returns 0 or an exit code, having
 * told the user (the toolchain's own message).
 */
int environment_prepare(struct environment *environment, const struct suite *suite,
			const struct settings *settings, const struct paths *paths,
			struct progress *progress, const volatile sig_atomic_t *stop);
void environment_clear(struct environment *environment);

/* A line "step\tdone\ttotal\ttext" of a program that we run, for its spawn's `progress`; `arg`: a
 * struct progress. */
void progress_line(void *arg, char *line);

/* Variables of a process; the array ends with NULL. Release with variables_free. */
char **variables_plain(const struct environment *environment, const struct suite *suite,
		       const struct paths *paths);
char **variables_zygote(const struct environment *environment, const struct suite *suite,
			const struct settings *settings, const struct paths *paths, uint64_t seed,
			enum worker_kind kind, const char *scratch);
void variables_free(char **variables);

#endif
