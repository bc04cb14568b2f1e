/*
 * run.h - the commands of ftstress. Each gets the settings, and returns an exit code.
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
	const char *program;               /* what to type for ftstress: command_program() */
	const volatile sig_atomic_t *stop; /* not 0: the user wants to stop */
};

/* `settings` come from the command line. What they leave open is set by the suite. */
int run_suite(struct settings *settings, const struct invocation *invocation);
/* settings->suite is a package: its suite file is written first, if there is none. */
int run_try(struct settings *settings, const struct invocation *invocation);
int run_prepare(struct settings *settings, const struct invocation *invocation);
int run_report(struct settings *settings, const struct invocation *invocation);
/* Tells what is known of settings->finding; of a wrong reference count, runs it again, with a log. */
int run_explain(const struct settings *settings, const struct invocation *invocation);
/* Repeats what has shown settings->finding: how often does it come? EXIT_FINDINGS: it did. */
int run_repro(struct settings *settings, const struct invocation *invocation);
/* Repeats it until it is sure that the finding is gone (EXIT_CLEAN), or it comes (EXIT_FINDINGS). */
int run_verify(struct settings *settings, const struct invocation *invocation);
/* Finds the smallest command that still shows it, and writes a script that shows it alone. */
int run_minimise(struct settings *settings, const struct invocation *invocation);
/* Names the first version of settings->package that shows it. */
int run_bisect(const struct settings *settings, const struct invocation *invocation);
/* Puts what the suite's last run has found into its baseline. */
int run_baseline(struct settings *settings, const struct invocation *invocation);
/* What the stores of the output folder remember: runs; a finding; what became of it; what two runs differ in. */
int run_list(const struct settings *settings);
int run_show(const struct settings *settings);
int run_history(const struct settings *settings);
int run_compare(const struct settings *settings);
int run_suites(void);
int run_doctor(void);
int run_cache(const struct invocation *invocation);

#endif
