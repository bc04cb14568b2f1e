/*
 * environment.h - the interpreters and packages of a suite, which the toolchain builds, and the
 * environment variables of the suite's processes.
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
	char *python, *plain; /* interpreters: with and without TSan */
	char *version;        /* "3.14.6" */
	char *recipe;         /* another text when anything of it changes */
	char *variables; /* the table of interpose/variables/sites.h; NULL, "": there is none */
	char *library;   /* the file with the code of `python` */
	char *layout; /* the file with its layout (symbols/layout.h); NULL: it has no debug information */
	int orders; /* memory (a memfd) that the suite's processes share: interpose/variables/orders.h;
		       * 0: there is none */
	struct strings tsan_site, plain_site, sources; /* folders */
	struct strings packages; /* names of what `install` built, as their wheels have them */
};

/*
 * Has the toolchain build what is missing, and fills in where it is. Returns 0, or an exit code
 * after a message to the user (the toolchain's own).
 */
int environment_prepare(struct environment *environment, const struct suite *suite,
			const struct settings *settings, const struct paths *paths,
			struct progress *progress, const volatile sig_atomic_t *stop);
void environment_clear(struct environment *environment);

/*
 * Shows the progress of a program that we run; to be called for each line that it writes for that,
 * "step\tdone\ttotal\ttext" (struct spawn, `progress`). `arg`: a struct progress.
 */
void progress_line(void *arg, char *line);

/* The environment of a process, for execve(). variables_free() frees it. */
char **variables_plain(const struct environment *environment, const struct suite *suite,
		       const struct paths *paths);
/*
 * The same for pairs: without the GIL, also for a package that does not say that it can do without.
 * `instrumented`: with what is compiled with ThreadSanitizer, which is to say nothing.
 */
char **variables_evidence(const struct environment *environment, const struct suite *suite,
			  const struct paths *paths, bool instrumented);
/* The same for a script that ThreadSanitizer looks at, without libftstress.so: its reports are printed. */
char **variables_alone(const struct environment *environment, const struct suite *suite);
char **variables_zygote(const struct environment *environment, const struct suite *suite,
			const struct settings *settings, const struct paths *paths, uint64_t seed,
			enum worker_kind kind, const char *scratch);
void variables_free(char **variables);

#endif
