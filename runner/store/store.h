/*
 * store.h - what ftstress remembers of a suite between runs: OUTPUT/SUITE.db, an SQLite file.
 *
 *     runs ──< seen >── findings ──< stacks ──< frames     deck: position in the deck
 *       │        └─ tokens, tests                          leftovers: tests that wait for another run
 *       ├────< turns >── tests                             failures: tests that never pass
 *       └────< tries
 *
 * `occurrences` is `seen` with texts instead of numbers.
 *
 * What an iteration has found is stored in one transaction (store_iteration()). So if ftstress is
 * killed, at most the iteration that was under way is lost. Other programs may query the file
 * during a run (WAL). Functions that return int return 0, or an exit code after a message to the
 * user (fail() in util.h). After a failure the transaction is rolled back, and what was stored
 * before is intact. Not thread-safe.
 */
#ifndef RUNNER_STORE_H
#define RUNNER_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ftstress/finding.h"

struct store;

enum store_state {
	RUN_RUNNING, /* or it was killed: a run that is not ours and still "running" was cut off */
	RUN_FINISHED,
	RUN_INTERRUPTED,
};

/* A run as it is stored. The strings of one that came from the store are freed with it. */
struct store_run {
	int64_t id;
	int64_t parent; /* the run that this one resumes, 0 = none */
	enum store_state state;
	uint64_t seed;
	uint64_t first_slice;        /* deck position where it started */
	uint64_t iterations_planned; /* 0 = until stopped */
	uint64_t iterations_done;
	int64_t started, ended; /* Unix seconds; ended 0 = not known */
	char *options;          /* for --resume; JSON, the store does not look into it */
};

/* A finding was seen in an iteration, so many times with one test. */
struct occurrence {
	const struct finding *finding;
	uint64_t count;    /* how often in this iteration */
	const char *token; /* replay token */
	const char *test;  /* id of the test that ran, or NULL */
	int64_t seen;      /* Unix seconds */
};

struct store_iteration {
	int64_t run;
	uint64_t iterations_done; /* in this run, this one included */
	uint64_t next_slice;      /* the new position in the deck */
	const struct occurrence *occurrences;
	size_t occurrence_count;
	const char *const *leftovers; /* tests that did not run: they are left over from now on */
	size_t leftover_count;
	const char *const *ran; /* tests that did run: they are not left over any more */
	size_t ran_count;
	const char *const *turns; /* tests that had a turn, each as often as it had one */
	size_t turn_count;
};

/*
 * Opens the file at `path`; if it does not exist, makes it, but not its folder. EXIT_BAD_INPUT: it
 * is no database, has a newer schema, or can't be written; EXIT_INTERNAL: anything else, such as a
 * full disk.
 */
int store_open(const char *path, struct store **store);
void store_close(struct store *store); /* may be NULL */

/* Stores a run that begins; id and state of `run` do not count. *id: its number (1..). */
int store_run_begin(struct store *store, const struct store_run *run, int64_t *id);
/* Stores that it has ended. `info` (may be NULL) is kept, so that `ftstress report` can show it. */
int store_run_end(struct store *store, int64_t run, enum store_state state,
		  const struct run_info *info);
/*
 * Resumes a run that was cut off: its state is running again, its number stays, and the findings
 * that it had are this run's. (The other way is a new run with `parent`.)
 */
int store_run_reopen(struct store *store, int64_t run);
/*
 * Gets run number `run`, or if that is 0 the newest one that did not only repeat something (store_tries_put()).
 * *found = false if there is none.
 */
int store_run_get(struct store *store, int64_t run, struct store_run *out, bool *found);
void store_run_clear(struct store_run *run);
/* Gets the `info` that store_run_end() has kept; *found = false if there is none. */
int store_run_info(struct store *store, int64_t run, struct run_info *out, bool *found);
void run_info_clear(struct run_info *info);

/* Stores all of an iteration, or nothing. */
int store_iteration(struct store *store, const struct store_iteration *iteration);

/* Stores only `run` and the occurrences: what was seen outside of the plan's iterations. */
int store_occurrences(struct store *store, const struct store_iteration *iteration);

/* Stores a finding as it is now. No occurrence is added. */
int store_finding(struct store *store, const struct finding *finding);

/* Gets the slice with which the next iteration begins; 0 in a new store. */
int store_deck(struct store *store, uint64_t *next_slice);
/* The same of the pairs that ordinary runs have (run/pairs.h). */
int store_pairs_deck(struct store *store, uint64_t *next_slice);
int store_pairs_deck_put(struct store *store, uint64_t next_slice);
/*
 * Gets the ids of the tests that are left over, oldest first. To be freed: strings_free(). Where it
 * fails, it gives none.
 */
int store_leftovers(struct store *store, char ***tests, size_t *count);

/* A test that never passes, and how it fails (run/failing.h). */
struct store_failure {
	char *test, *why;
};
/* Gets all of them. To be freed: the texts, and the array. Where it fails, it gives none. */
int store_failures(struct store *store, struct store_failure **failures, size_t *count);
/* Stores these, all or none. A `why` of NULL removes the test: it passes again. */
int store_failures_put(struct store *store, const struct store_failure *failures, size_t count);

/* What the store knows about a finding. */
struct store_history {
	bool known;         /* an earlier run had it, other than `run` and those that it resumes */
	uint64_t count;     /* in all runs of the store */
	uint64_t run_count; /* in `run` and those that it resumes */
	int64_t first_seen, last_seen;             /* 0 = never */
	unsigned as_written_runs, as_written_seen; /* as in struct finding */
	enum evidence shows;                       /* the same */
	/* The same; NULL = none. store_history_clear() frees them, and leaves the rest as it is. */
	char *evidence, *interleaving, *script, *no_script;
};
void store_history_clear(struct store_history *history);
int store_history(struct store *store, int64_t run, const char *finding, struct store_history *out);

/*
 * Gets the finding with this id, or the only one whose id begins so, whichever run has found it; without counts,
 * tokens and tests of a run. *found: there is one. To be cleared: finding_clear(). EXIT_BAD_INPUT: the beginning of
 * several.
 */
int store_find(struct store *store, const char *id, struct finding *out, bool *found);

/* A run and what it found. */
struct store_found {
	struct store_run run;
	uint64_t findings, fresh; /* and those that no earlier run had */
};
/* Gets all runs, the oldest first. To be freed: each run with store_run_clear(), and the array. */
int store_runs(struct store *store, struct store_found **runs, size_t *count);

/* The same of the file at `path`, which is only read; false, without a message, if it is no store that is whole. */
bool store_peek(const char *path, struct store_found **runs, size_t *count);

/* What a run did for a finding. */
struct store_sighting {
	int64_t run, started;
	enum store_state state;
	uint64_t iterations;
	uint64_t turns; /* of the tests that ever showed it; 0: none, or they were not counted */
	uint64_t seen;  /* in so many of these */
	/* Of a run that repeated what had shown it: how often; and how often it had to be, so that not to see it
	 * says at 95 % that it is fixed (0 = it was not asked for that). */
	uint64_t tries, needed;
	char *ways; /* how it ran: the settings that decide what can be seen; "" = not known, or no turns */
};
/* Gets all runs, the oldest first. To be freed: store_sightings_free(). */
int store_sightings(struct store *store, const char *finding, struct store_sighting **sightings,
		    size_t *count);
void store_sightings_free(struct store_sighting *sightings, size_t count);

/* A run, a token and a test with which a finding came; "" where there was none. */
struct store_witness {
	int64_t run;
	char *token, *test;
	uint64_t count;
};
/* Gets those of the newest runs that did not only repeat something; of a run, the most frequent first. To be freed:
 * store_witnesses_free(). */
int store_witnesses(struct store *store, const char *finding, struct store_witness **witnesses,
		    size_t *count);
void store_witnesses_free(struct store_witness *witnesses, size_t count);

/* What a run did that repeats what has shown a finding. */
struct store_tries {
	const char *purpose; /* the command: "repro" */
	uint64_t tries, seen, needed;
};
/* Notes that the run is such a one, and what it has done. */
int store_tries_put(struct store *store, int64_t run, const char *finding,
		    const struct store_tries *tries);
/* Adds up those with this purpose, from one run to another. */
int store_tries_of(struct store *store, const char *finding, const char *purpose, int64_t first_run,
		   int64_t last_run, struct store_tries *sum);

/* Did the run count turns? */
int store_counts_turns(struct store *store, int64_t run, bool *counts);

/* The tests that had turns in the run and those that it resumes (0: in all runs), by name; to be freed. */
int store_turns(struct store *store, int64_t run, struct report_turns **turns, size_t *count);
void store_turns_free(struct report_turns *turns, size_t count);

/* Calls `each` for each finding of `run` and the runs that it resumes, with each token that showed it, all of one
 * finding in a row. */
typedef void store_token(void *context, const char *finding, const char *token);
int store_tokens(struct store *store, int64_t run, store_token *each, void *context);

/*
 * Gets the ids of at most `most` new or known findings that `run` and the runs that it resumes have not, those
 * last that were seen last. To be freed: strings_free().
 */
int store_absent(struct store *store, int64_t run, size_t most, char ***ids, size_t *count);

/* Gets all findings of all runs, as store_findings() does. */
int store_all(struct store *store, struct finding **findings, size_t *count);

/*
 * Gets all findings of `run` and the runs that it resumes, complete, for a report; with the counts,
 * replay tokens and tests of these runs. To be freed: each with finding_clear(), and the array.
 */
int store_findings(struct store *store, int64_t run, struct finding **findings, size_t *count);

#endif
