/*
 * recheck.h - does a race that was found with the order as meant show with the order as written,
 * too?
 *
 *   findings: new data races ─► the test of each ─► runs in a zygote with the order as written, all
 *                                                   threads at once
 *   a collator of their own  ◄─ its records ──────┘
 *        └─► the same id among them? ─► the finding says so
 *
 * These runs come when nothing else is left to do. They are no iterations: what else they bring is
 * neither counted nor told.
 */
#ifndef RUNNER_RECHECK_H
#define RUNNER_RECHECK_H

#include "runner/collate/collate.h"
#include "runner/trial/trial.h"

#define RECHECK_RUNS 3       /* of a finding's test */
#define RECHECK_SECONDS 20.0 /* for a finding */
#define RECHECK_TOTAL 60.0   /* for all, where this share of the run is not more: */
#define RECHECK_SHARE 0.2

struct recheck;

struct recheck_options {
	const struct plan_test *tests; /* sorted by id; borrowed, as are the collators */
	size_t test_count;
	struct collator *findings;
	struct collator *own; /* gets the records of the zygotes with the order as written */
	unsigned threads;
	double switch_interval; /* seconds */
	double total, share;    /* RECHECK_TOTAL and _SHARE */
};

/* The run starts now, as far as RECHECK_SHARE is concerned. */
struct recheck *recheck_new(const struct recheck_options *options);
void recheck_free(struct recheck *recheck);

/* A trial that runs the test of a finding, or NULL: all are done, or the time is over. */
struct trial *recheck_next(struct recheck *recheck);

/* No more of them: their zygote does not come up. */
void recheck_stop(struct recheck *recheck);

/* Such a trial has ended; after collator_iteration_end of `own`. */
void recheck_take(struct recheck *recheck, const struct trial *trial);

/* Writes the answers into the findings and the store. Returns 0 or an exit code, as store.h says.
 */
int recheck_tell(struct recheck *recheck, struct store *store);

#endif
