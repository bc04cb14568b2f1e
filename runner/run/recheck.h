/*
 * recheck.h - does a data race that was found with the level meant also show with the level
 * as-written? (docs/happens-before.md)
 *
 *   a new data race ─► its test runs again, in a zygote with the level as-written, all threads at
 *                      once                     │
 *   another collator ◄──────── the records ─────┘
 *        └─► Does it have a finding with the same id? The answer is noted in the finding.
 *
 * This comes when nothing else is left to do. These runs are no iterations: nothing else of them is
 * counted or reported.
 */
#ifndef RUNNER_RECHECK_H
#define RUNNER_RECHECK_H

#include "runner/collate/collate.h"
#include "runner/trial/trial.h"

#define RECHECK_RUNS 3       /* how often a finding's test is run */
#define RECHECK_SECONDS 20.0 /* time for a finding */
#define RECHECK_TOTAL 60.0   /* time for all of them; or this share of the run, if it is more: */
#define RECHECK_SHARE 0.2

struct recheck;

struct recheck_options {
	const struct plan_test *tests; /* sorted by id */
	size_t test_count;
	struct collator *findings; /* the run's */
	struct collator *own;      /* the other one, for zygotes with the level as-written */
	unsigned threads;
	double switch_interval; /* seconds */
	double total, share;    /* RECHECK_TOTAL and RECHECK_SHARE */
};

/* To be called at the start of the run: RECHECK_SHARE counts from here. */
struct recheck *recheck_new(const struct recheck_options *options);
void recheck_free(struct recheck *recheck);

/* A trial that runs the test of a finding; NULL: all are done, or the time is over. */
struct trial *recheck_next(struct recheck *recheck);

/* There will be no more of them, because their zygote does not start. */
void recheck_stop(struct recheck *recheck);

/* Takes the result of such a trial. Has to come after collator_iteration_end() of `own`. */
void recheck_take(struct recheck *recheck, const struct trial *trial);

/*
 * Puts the answers into the findings and the store. Returns 0, or an exit code after a message to
 * the user.
 */
int recheck_tell(struct recheck *recheck, struct store *store);

#endif
