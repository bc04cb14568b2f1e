/*
 * main.c - the ftstress command. What is where, in the order in which data passes:
 *
 *     options.c       the command line, and the keys of a suite's [run], from one table
 *     suite.c         a suite file
 *     run.c           the commands, from settings to exit code
 *       command.c       command lines as text
 *       scratch.c       the folder for what the tests write
 *       paths.c         our own files and the cache
 *       environment.c   interpreters and packages, through stress/toolchain (spawn.c)
 *       tests_list.c    the suite's tests: collected, kept, selected
 *       plan.c          which tests run when, in how many threads
 *       pool.c          runs iterations: the loop
 *         worker.c        a zygote: process, control channel, output (output.c)
 *         arena.c         the records that it and its iterations write
 *         trial.c         an iteration: which of its tests ran, and how
 *         tally.c         what of the run is done, and storing it
 *         guard.c         an eye on its process: memory (watch.c), progress
 *           deadlock.c      does it stand still for ever: its lists of locks (locklists.c), all
 *                           its threads asleep (asleep.c); deadlock_tell.c, waiting.c: in words
 *         unwind.c        stacks of a stopped process (remote.c, native.c, pyframes.c, activity.c)
 *         faults.c        findings about processes: crash, hang, memory
 *         verify.c        does a test that failed in threads pass when they do not overlap?
 *         news.c          what the user is told meanwhile
 *       collate.c       records become findings
 *         resolve.c       TSan's reports (stacks.c, symbolize.c, fingerprint.c, suppress.c, ...)
 *         lockorder.c     lock orders (lockgraph.c, lockname.c), and waiting (lockprofile.c)
 *         ledger.c        the run's findings: status, counts, what the store is told
 *       store.c         what is remembered between runs
 *       outcome.c       reports and summary (reports/)
 *     progress.c      the line that tells how far it is
 *     util.c, closest.c
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "runner/command.h"
#include "runner/options.h"
#include "runner/run.h"
#include "runner/util.h"

/* Set by the first SIGINT, SIGTERM or SIGHUP; the second one ends us at once. */
static volatile sig_atomic_t stop;

static void on_signal(int number)
{
	(void)number;
	if (stop) {
		static const char text[] = "\nftstress: stopped at once; --resume goes on\n";
		(void)!write(STDERR_FILENO, text, sizeof text - 1);
		_exit(EXIT_INTERRUPTED);
	}
	stop = 1;
}

static void catch_signals(void)
{
	struct sigaction action = { .sa_handler = on_signal };
	sigemptyset(&action.sa_mask);
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGHUP, &action, NULL);
	signal(SIGPIPE, SIG_IGN);
}

static int dispatch(struct settings *settings, const struct invocation *invocation)
{
	switch (settings->command) {
	case COMMAND_HELP:
		options_help(stdout);
		return EXIT_CLEAN;
	case COMMAND_VERSION:
		puts("ftstress " FTSTRESS_VERSION);
		return EXIT_CLEAN;
	case COMMAND_SUITES:
		return run_suites();
	case COMMAND_DOCTOR:
		return run_doctor();
	case COMMAND_PREPARE:
		return run_prepare(settings, invocation);
	case COMMAND_REPORT:
		return run_report(settings, invocation);
	case COMMAND_RUN:
		break;
	}
	return run_suite(settings, invocation);
}

int main(int argc, char *argv[])
{
	catch_signals();
	struct settings settings;
	settings_init(&settings);
	char *program = command_program(argv[0]);
	struct invocation invocation = { argc, argv, program, &stop };
	int code = EXIT_CLEAN;
	if (argc == 1)
		settings.command = COMMAND_HELP;
	else
		code = options_parse(&settings, argc, argv);
	if (!code)
		code = dispatch(&settings, &invocation);
	settings_clear(&settings);
	free(program);
	return code;
}
