/*
 * main.c - the ftstress command. What is where, in the order in which data passes. A room includes
 * only what stands below it (tests/lint/includes.py has the order).
 *
 *     setup/        what is asked for
 *       options         the table of options (option_table): of the command line, and the keys of
 *                       a suite's [run]; arguments: the command line, read by it; commands: --help
 *       suite           a suite file; drivers: the kinds of suite that there are
 *       command         command lines as text
 *       paths, scratch  our own files; the folder for what the tests write
 *       cache           what of a suite stays in the cache
 *       environment     interpreters and packages, through stress/toolchain
 *       tests_list      the suite's tests: collected, kept, selected
 *       corpus          what --pairs runs in their place
 *     plan/         which tests run when, in how many threads
 *       settings        what was asked for, as data
 *       plan, course    decks and slices; where in them the run begins
 *       schedules       the orders of one test's threads, one after the other
 *     trial/        the processes that run tests
 *       worker, output  a zygote: process, control channel; what it prints
 *       message, collect  is what it says possible? its records, taken out of the rings
 *       trial, ending   an iteration: which of its tests ran, and how; how its process ended
 *       watch           the memory of processes
 *     records/      what the interposer wrote
 *       cover           which C functions ran, of all zygotes
 *       arena, held     the shared memory; what was taken out of it and waits for the collator
 *       iteration       which iteration records belong to
 *       assemble        reports and lock records, put together from their parts
 *     inspect/      a stopped process, looked at from outside
 *       remote, native  its memory and registers; its C stacks
 *       pyframes        its Python stacks; pylayout: how its Python is laid out
 *       unwind          all of its threads; activity: what each does
 *       motion          does a thread get anywhere? holding: what its frames have in hand
 *       locklists       which locks its threads hold and wait for; asleep: do all threads sleep?
 *     verdict/      what became of a process
 *       guard           an eye on it: memory, progress
 *       deadlock        does it stand still for ever? deadlock_tell, waiting: in words
 *       livelock        does it compute for ever? livelock_tell: in words
 *       heap            is a thread caught in a list of the allocator that has no end?
 *       faults          findings about processes: crash, hang, memory; cause: what came before a crash
 *     collate/      records become findings
 *       collate, resolve  records; TSan's reports; fieldname: which field they are about
 *       refine          what a report is, by the functions in its stacks
 *       countlog        what was done to a reference count that is wrong
 *       suppress, baseline  rules of what not to hear of; findings that somebody lives with
 *       ledger          the run's findings: status, counts
 *       variable        what only races of Python code have
 *       raced           on which memory an iteration has raced
 *       known, follow   bugs that are known upstream; findings that only follow from another
 *       rank, policy    how grave a data race is; what a type's documentation excludes
 *       unseen          races with code that ThreadSanitizer does not see
 *       limits          what was lost, as notes of the run
 *     symbols/      addresses become functions and lines
 *       stacks, tables  stacks by content; which module and code object was where
 *       symbolize, llvm  functions and lines; llvm-symbolizer, a child that is asked for them
 *       cython, pyline  lines of .pyx and Python; source: text
 *       members         names of fields, from debug information; layout: where CPython has its own
 *       instrumented    was an object compiled with ThreadSanitizer?
 *       operations      which functions are methods of which type
 *     locks/        lock records become findings
 *       lockgraph       orders of locks (lockgraph_data: its parts); lockcycle: cycles in them
 *       lockmeet        ... of threads that can be there at the same time
 *       lockorder       cycles as findings; lockname, lockprofile: names and times of locks
 *       countprofile    objects whose counts many threads write
 *     model/        what a finding is: finding, fingerprint, explain, plumbing, lock_kind
 *       kinds, words    all that is known of a kind, one file each in kinds/; words, race_words:
 *                       what several say
 *       abort, memory   what is said before an abort; races with the allocator
 *       api_rules       what CPython asks of those who call its C API
 *       traceback       the calls of a Python traceback; cxx_name: C++ names for people
 *       counted         what helps where many threads write one count
 *       enough          how many turns without a finding say that it is gone; rate: how often it comes;
 *                       shrink: the part of a list that is needed
 *       interleaving    the steps of two threads, drawn
 *       matrix          what --pairs saw of each pair of a type's operations
 *     store/        what is remembered between runs
 *       store           runs, iterations; store_findings: findings, read again; store_history: what runs
 *                       did for one
 *       store_again     what showed a finding, and runs that repeat that
 *       sql, schema     its file and statements; its tables, made or taken over from an older one
 *       store_json, run_json, values  its long texts: findings; facts of a run; what both are made of
 *       kept            frames and stacks, each once
 *     run/          the run
 *       run             the commands, from settings to exit code
 *       session, begin  what they share; suite, settings and store of a run, new or cut off
 *       collators       ... what makes findings of records; facts: what the run did, as data
 *       pool            the loop that runs iterations; tally: what of them is done
 *       lookout, control  of its turns: a look at processes; what zygotes say
 *       attempt, jobs   an attempt at a trial, from worker to verdict; what a job does next
 *       verify, recheck does a failed test pass when threads do not overlap? does a race show with
 *                       the order as written?
 *       failing         which tests never pass; measure: how long one takes alone
 *       pairs           pairs of operations in an ordinary run; explore: orders of a test's threads
 *       evidence        what a race does to a plain interpreter
 *       try             a suite file for a package by its name
 *       scripts         what shows a pair's fault without ftstress
 *       stored          the last run of a suite, read again; baselined: its findings become known
 *       recalled        runs and findings, as the stores have them (stores); history: what became of one
 *       hunt            tries of one finding, in place of the plan's iterations
 *       again           a run of these, from what the store has of the finding; ways: what can be repeated
 *       repro, verify_fix  how often does it come? is it gone?
 *       bisect          which version of a package showed it first?
 *       minimise, alone  the smallest command that shows it; a script that shows it without ftstress
 *       explained       one finding told, and run again to see what led to it
 *       results         of clean pairs: results that no order of the two calls explains
 *       news, outcome   what the user is told meanwhile; reports (reports/) and summary
 *       index           the list of all runs in the output folder
 *       rates           how often ordinary runs show a finding
 *       fixed           what earlier runs found, and counts as fixed
 *     base/         util, map, closest, spawn, progress, toml; meanwhile: what can't wait
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "reports/report.h"
#include "runner/setup/command.h"
#include "runner/setup/options.h"
#include "runner/run/run.h"
#include "runner/base/util.h"

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

static void print_help(void)
{
	size_t count = 0;
	while (report_formats[count])
		count++;
	struct option_word *formats = xcalloc(count + 1, sizeof *formats);
	for (size_t i = 0; i < count; i++)
		formats[i] =
			(struct option_word){ report_formats[i]->name, report_formats[i]->help };
	options_help(stdout, formats);
	free(formats);
}

static int dispatch(struct settings *settings, const struct invocation *invocation)
{
	switch (settings->command) {
	case COMMAND_HELP:
		print_help();
		return EXIT_CLEAN;
	case COMMAND_VERSION:
		puts("ftstress " FTSTRESS_VERSION);
		return EXIT_CLEAN;
	case COMMAND_SUITES:
		return run_suites();
	case COMMAND_DOCTOR:
		return run_doctor();
	case COMMAND_CACHE:
		return run_cache(invocation);
	case COMMAND_TRY:
		return run_try(settings, invocation);
	case COMMAND_PREPARE:
		return run_prepare(settings, invocation);
	case COMMAND_REPORT:
		return run_report(settings, invocation);
	case COMMAND_BASELINE:
		return run_baseline(settings, invocation);
	case COMMAND_LIST:
		return run_list(settings);
	case COMMAND_SHOW:
		return run_show(settings);
	case COMMAND_HISTORY:
		return run_history(settings);
	case COMMAND_COMPARE:
		return run_compare(settings);
	case COMMAND_EXPLAIN:
		return run_explain(settings, invocation);
	case COMMAND_REPRO:
		return run_repro(settings, invocation);
	case COMMAND_VERIFY:
		return run_verify(settings, invocation);
	case COMMAND_MINIMISE:
		return run_minimise(settings, invocation);
	case COMMAND_BISECT:
		return run_bisect(settings, invocation);
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
