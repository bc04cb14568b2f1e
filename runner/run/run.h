/*
 * run.h - the commands of ftstress, each from its settings to its exit code.
 *
 *     suite ─► environment ─► tests ─► plan ─► pool ─► reports
 */
#ifndef RUNNER_RUN_H
#define RUNNER_RUN_H

#include <signal.h>

#include "runner/setup/options.h"

struct invocation {
	int argc;
	char *const *argv;
	const char *program;               /* what to type for ftstress, see command.h */
	const volatile sig_atomic_t *stop; /* not 0: the user wants to stop */
};

/* `settings` come from the command line; the suite is put below them. Returns an exit code. */
int run_suite(struct settings *settings, const struct invocation *invocation);
int run_prepare(struct settings *settings, const struct invocation *invocation);
int run_report(struct settings *settings, const struct invocation *invocation);
int run_suites(void);
int run_doctor(void);

#endif
