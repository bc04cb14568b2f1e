/*
 * session.h - a run from its suite to its exit code: what run.c, begin.c, collators.c and facts.c share.
 */
#ifndef RUNNER_SESSION_H
#define RUNNER_SESSION_H

#include "runner/plan/course.h"
#include "runner/run/pool.h"
#include "runner/run/run.h"
#include "runner/setup/environment.h"
#include "runner/setup/paths.h"
#include "runner/setup/suite.h"
#include "runner/setup/tests_list.h"

/* All that a run needs, in the order in which it is made. */
struct run {
	const struct invocation *invocation;
	struct settings *settings;
	struct settings base; /* what the suite alone says: what differs goes into commands */
	struct paths paths;
	struct suite suite;
	struct progress *progress;
	struct store *store;
	int lock;                /* held while the run goes on, or -1 */
	struct store_run stored; /* the run in the store */
	uint64_t deck_tests;     /* position in the deck before this run, in tests */
	struct environment environment;
	struct tests_list tests;
	struct course course;
	struct suppressions *suppressions;
	struct baseline *baseline; /* or NULL */
	struct policy *policy;
	char *command;                          /* shows a finding again, without the token */
	char *scratch;                          /* folder for what the tests write */
	struct collator *collator, *as_written; /* see recheck.h; the latter may be NULL */
	struct pairs *pairs;                    /* of an ordinary run, or NULL */
	struct hunt *hunt;                      /* of a run that looks for one finding, or NULL */
	const char *options;                    /* ... those of the run that had it */
	struct pool_result result;
	struct buf notes;
};

/*
 * begin.c: what is asked for, and where the run stands. Functions that return int return 0 or an
 * exit code, having told the user.
 */

/* Reads the suite that is asked for; suite_clear() frees it. */
int session_read_suite(const struct run *run, struct suite *suite);
/* Finds our files and reads the suite and its settings. */
int session_load_suite(struct run *run);
/* The same, with the options of an earlier run before those of the command line (as struct store_run has them), but
 * for its length. */
int session_load_suite_as(struct run *run, const char *options);
/* If settings->replay is of pairs in an ordinary run: this one is of pairs alone, with the same store. */
void session_replay_pairs(struct run *run);
int session_open_store(struct run *run);
/* Reads the run that was cut off, and its settings. */
int session_find_cut_off(struct run *run);
/* The run is in the store from here on. */
int session_begin(struct run *run);
/* How many workers run side by side. */
unsigned session_jobs(const struct settings *settings);
/* The limit of a zygote's stack, bytes; 0 = none. */
size_t session_stack_limit(const struct run *run);

/* collators.c: what makes findings of records, and which of them are known. */

int session_load_baseline(struct run *run);
/* The file that `ftstress baseline update` writes: the first one of the command line's, or of the suite's; NULL
 * if there is none. To be freed. */
char *session_baseline_path(const struct run *run);
/* With suppressions and policy, which it reads. */
int session_open_collator(struct run *run);

/* stored.c: the last run of the suite, read again. */

struct stored_report {
	struct run_info info;
	struct finding *findings;
	struct finding **list; /* sorted */
	size_t count;
};
/* Of the suite's newest run, if it came to its end. */
int session_last_report(struct run *run, struct stored_report *report);
void session_report_clear(struct stored_report *report);

/* run.c: the parts of a run, for one that goes another way. */

/* The environment and the tests. */
int session_get_tests(struct run *run);
/* The plan. */
void session_settle(struct run *run);
int session_run_pool(struct run *run);
/* Frees all that is there. */
void session_clear(struct run *run);

/* facts.c: what the run did, for the report and the exit code. */

/* `seconds` it took; clear `info` with run_info_clear. */
void session_facts(const struct run *run, struct run_info *info, double seconds);
/* Of a run that came to its end with `code`, or was interrupted. Tells why nothing ran. */
int session_exit_code(const struct run *run, int code);

#endif
