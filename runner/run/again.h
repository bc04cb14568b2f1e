/*
 * again.h - a run that repeats what has shown one finding, from the store's knowledge of it to what it tells the store:
 * what `ftstress repro`, `verify-fix` and the like share.
 *
 *     again_find ─► (what to repeat?) ─► again_open ─► again_hunt ─► again_close
 *       store         strategy             suite, package, tests, run
 */
#ifndef RUNNER_AGAIN_H
#define RUNNER_AGAIN_H

#include "runner/run/history.h"
#include "runner/run/hunt.h"
#include "runner/run/session.h"
#include "runner/run/ways.h"

struct again {
	struct run run;
	struct settings *settings;
	const char *purpose; /* the command's name */
	struct finding target;
	char *record; /* the name of its store */
	char *suite;  /* ... and of the suite, as for --suite */
	struct history history;
	struct store_tries before;       /* what `repro` has seen while it was there */
	struct store_witness *witnesses; /* where it came, the newest run first */
	size_t witness_count;
	char *options; /* of that run */
	struct ways ways;
	struct store_tries done;
	double began;
	/* For `bisect`, set between again_find() and again_open(); NULL = none. */
	const char *install; /* in place of the suite's line for that package: "numpy==2.4.1" */
	const char *folder;  /* of the run's store, in place of the one that has the finding */
	bool unbuilt;        /* again_open() failed, as Python or the package can't be built */
};

/* All return 0, or an exit code after a message to the user; again_clear() follows in any case. */

/* Finds the finding in the stores. The settings are those of the command line. */
int again_find(struct again *again, struct settings *settings, const struct invocation *invocation,
	       const char *purpose);
/*
 * Prepares suite, package and tests with the options of the run that saw it, and begins a run. `replay`: it is of
 * tokens, and its tests' turns do not count.
 */
int again_open(struct again *again, bool replay);
int again_hunt(struct again *again, const struct hunt_strategy *strategy, void *context);
/* Tells the store what was done; `code`: so far. */
int again_close(struct again *again, int code);
void again_clear(struct again *again);

/* "try 3: seen, as crash-123456789abc (0.4 s)", on standard error. */
void again_tell_try(const struct again *again, uint64_t number, const struct hunt_result *result);
/* Why nothing ran. Returns EXIT_NOTHING_PASSED. */
int again_nothing_ran(const struct again *again);
/* "data-race-123456789abc: TITLE" */
void again_print_title(const struct again *again);

#endif
