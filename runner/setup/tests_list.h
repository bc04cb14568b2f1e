/*
 * tests_list.h - the tests of a suite. The plain interpreter collects them once; the list is kept
 * in the cache, and --tests selects from it.
 */
#ifndef RUNNER_TESTS_LIST_H
#define RUNNER_TESTS_LIST_H

#include <signal.h>

#include "runner/base/spawn.h"
#include "runner/setup/environment.h"
#include "runner/plan/plan.h"

struct tests_list {
	struct plan_test *tests; /* sorted by id; strings are owned */
	size_t count;
	size_t total;          /* how many the suite has, before selection */
	size_t unsafe;         /* how many of `count` run in one thread only */
	char *unsafe_why;      /* the most frequent reason for that, or NULL */
	size_t skipped;        /* how many the suite's "skip" leaves out */
	size_t files;          /* how many files the tests are in, with those of `errors` */
	struct strings errors; /* files that can't be imported: one line each */
	char *unimported_file, *unimported_why; /* the first of them, or NULL */
	struct strings notes; /* what of the suite does not count as written: one line each */
};

/* Before what takes long: is settings->tests an expression? Returns 0 or an exit code, as tests_list_get(). */
int tests_list_check(const struct suite *suite, const struct settings *settings,
		     const struct environment *environment, const struct paths *paths,
		     const volatile sig_atomic_t *stop);
/*
 * Gets the tests from the cache or collects them, selects by settings->tests, and leaves out what
 * the suite skips. Returns 0; or, after a message to the user, EXIT_NOTHING_PASSED if no test is
 * left, or another exit code.
 */
int tests_list_get(struct tests_list *list, const struct suite *suite,
		   const struct settings *settings, const struct environment *environment,
		   const struct paths *paths, const volatile sig_atomic_t *stop);
/*
 * A hash of all on which it depends what is collected: targets, packages, the driver, test files.
 */
uint64_t tests_list_hash(const struct suite *suite, const struct environment *environment,
			 const struct paths *paths);
void tests_list_clear(struct tests_list *list);

/* How the user wants the driver to be run. */
struct asked {
	bool verbose;              /* if it fails, its traceback is shown */
	struct progress *progress; /* NULL = none */
	const volatile sig_atomic_t *stop;
};

/*
 * Runs the driver in the plain interpreter, in the suite's folder. Returns 0, or an exit code after
 * a message to the user: what the driver printed, with `what` before it. spawned_clear() has to
 * follow in any case.
 */
int driver_run(const struct suite *suite, const struct environment *environment,
	       const struct paths *paths, const struct asked *asked, char *const *arguments,
	       const char *what, struct spawned *spawned);

/*
 * The command "PYTHON -m MODULE" with arguments that name the suite's driver and targets:
 * "--driver", ... variables_free() frees it.
 */
char **driver_arguments(const struct suite *suite, const char *python, const char *module);

#endif
