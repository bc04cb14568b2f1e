/*
 * store.h - what ftstress remembers of a suite between runs: OUTPUT/SUITE.db, an SQLite file.
 *
 *     runs ──< occurrences >── findings          meta: schema version, deck position
 *                                                leftovers: tests that wait for the next deck
 *
 * All that an iteration brought is one transaction (store_iteration), so a kill at any moment
 * loses at most the iteration that was under way. Others may query the file while a run goes on
 * (WAL). Functions that return int return 0 or an exit code and have told the user (see fail() in
 * util.h); after a failure the transaction is rolled back and what was stored before is intact.
 * Not thread-safe.
 */
#ifndef RUNNER_STORE_H
#define RUNNER_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ftstress/finding.h"

struct store;

enum store_state {
	RUN_RUNNING, /* or killed: a run that is not ours and still "running" was cut off */
	RUN_FINISHED,
	RUN_INTERRUPTED,
};

/* A run as it is stored. Strings are the structure's own when it came from the store. */
struct store_run {
	int64_t id;
	int64_t parent; /* the run that this one resumes, 0 = none */
	enum store_state state;
	uint64_t seed;
	uint64_t first_slice;        /* deck position where it started */
	uint64_t iterations_planned; /* 0 = until stopped */
	uint64_t iterations_done;
	int64_t started, ended; /* Unix seconds; ended 0 = not known */
	char *options;          /* text of the runner's choice (JSON), kept for resuming */
};

/* A finding was seen in an iteration. */
struct occurrence {
	const struct finding *finding;
	uint64_t count;    /* how often in this iteration */
	const char *token; /* replay token */
	const char *test;  /* id of the test that ran, or NULL */
	int64_t seen;      /* Unix seconds */
};

struct store_iteration {
	int64_t run;
	uint64_t iterations_done; /* of the run, with this one */
	uint64_t next_slice;      /* new deck position */
	const struct occurrence *occurrences;
	size_t occurrence_count;
	const char *const *leftovers; /* tests that did not run: put off to the next deck */
	size_t leftover_count;
	const char *const *ran; /* tests that did run: no longer left over */
	size_t ran_count;
};

/*
 * Opens the file at `path`, making it (not its folder) when it isn't there. On success *store is
 * to be closed with store_close. EXIT_BAD_INPUT: no database, a newer schema, a folder that can't
 * be written; EXIT_INTERNAL: anything else, such as a full disk.
 */
int store_open(const char *path, struct store **store);
void store_close(struct store *store); /* NULL is fine */

/* Starts a run: `run` without id and state; *id becomes its number (1..). */
int store_run_begin(struct store *store, const struct store_run *run, int64_t *id);
/* Ends it. `info` (may be NULL) is kept so that `ftstress report` can write it again. */
int store_run_end(struct store *store, int64_t run, enum store_state state,
		  const struct run_info *info);
/*
 * Takes a run that was cut off up again: its state becomes running, its number stays, and findings
 * it had made count as this run's. (The other way is a new run with `parent`.)
 */
int store_run_reopen(struct store *store, int64_t run);
/* The newest run, or with `run` > 0 that one. *found = false if there is none. */
int store_run_get(struct store *store, int64_t run, struct store_run *out, bool *found);
void store_run_clear(struct store_run *run);
/* The facts kept by store_run_end; *found = false if it was not ended so. */
int store_run_info(struct store *store, int64_t run, struct run_info *out, bool *found);
void run_info_clear(struct run_info *info);

/* Stores all of an iteration, or nothing. */
int store_iteration(struct store *store, const struct store_iteration *iteration);

/* Of it, what does not come of an iteration: `run` and the occurrences. */
int store_occurrences(struct store *store, const struct store_iteration *iteration);

/* Stores what is known of a finding anew: no occurrence is added. */
int store_finding(struct store *store, const struct finding *finding);

/* Position in the deck where the next iteration starts; 0 in a new store. */
int store_deck(struct store *store, uint64_t *next_slice);
/* Ids of tests put off, oldest first; free each and the array. */
int store_leftovers(struct store *store, char ***tests, size_t *count);

/* A test that fails without threads that overlap, too, and how; see run/failing.h. */
struct store_failure {
	char *test, *why;
};
/* All of them; free the texts and the array. */
int store_failures(struct store *store, struct store_failure **failures, size_t *count);
/* Adds or replaces them, or none; a `why` of NULL: it does not fail any more. */
int store_failures_put(struct store *store, const struct store_failure *failures, size_t count);

/* What earlier runs know about a finding. */
struct store_history {
	bool known;         /* an earlier run had it: any but `run` and the runs it resumes */
	uint64_t count;     /* in all runs of the store */
	uint64_t run_count; /* in `run` and the runs it resumes */
	int64_t first_seen, last_seen; /* 0 = never */
	unsigned as_written_runs, as_written_seen;
	enum evidence shows; /* as in struct finding */
	char *evidence;      /* the caller's to free; NULL = none */
};
int store_history(struct store *store, int64_t run, const char *finding, struct store_history *out);

/*
 * All findings that `run` and the runs it resumes had, complete, for a report: counts, replay
 * tokens and tests as of these runs. Clear each with finding_clear, free the array.
 */
int store_findings(struct store *store, int64_t run, struct finding **findings, size_t *count);

#endif
