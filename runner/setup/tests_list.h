/*
 * tests_list.h - the tests of a suite: collected once by the plain interpreter, kept in the cache,
 * selected by expression.
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
	size_t total;          /* that the suite has, before selection */
	size_t unsafe;         /* of `count`: run in one thread only */
	char *unsafe_why;      /* the reason most often given for it, or NULL */
	size_t skipped;        /* left out by the suite's "skip" */
	struct strings errors; /* files that can't be imported: one line each */
	struct strings notes;  /* how the suite is read otherwise than it says: one line each */
};

/*
 * Collects or takes from the cache, selects by settings->tests and leaves out what the suite
 * skips. Returns 0, EXIT_NOTHING_PASSED when no test is left, or another exit code; has told the user.
 */
int tests_list_get(struct tests_list *list, const struct suite *suite,
		   const struct settings *settings, const struct environment *environment,
		   const struct paths *paths, const volatile sig_atomic_t *stop);
/* Of all that decides what is collected: targets, packages, the driver, test files. */
uint64_t tests_list_hash(const struct suite *suite, const struct environment *environment,
			 const struct paths *paths);
void tests_list_clear(struct tests_list *list);

/* How the user wants the driver to be run. */
struct asked {
	bool verbose;              /* with its traceback, where it fails */
	struct progress *progress; /* NULL = none */
	const volatile sig_atomic_t *stop;
};

/* Runs the driver in the plain interpreter, in the suite's folder. Returns 0 or an exit code, having
 * told the user what the driver said; `what` names the step there. Release `spawned` in any case. */
int driver_run(const struct suite *suite, const struct environment *environment,
	       const struct paths *paths, const struct asked *asked, char *const *arguments,
	       const char *what, struct spawned *spawned);

/* Arguments that name the suite's driver and targets to ftstress_driver: "--driver", ...; `module`
 * comes before them. Release with variables_free. */
char **driver_arguments(const struct suite *suite, const char *python, const char *module);

#endif
