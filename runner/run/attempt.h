/*
 * attempt.h - an attempt at a trial: placed with a worker, its records fed to trial and collator,
 * its end judged, and the trial gone on with or finished. Functions that return int return 0 or an
 * exit code, having told the user.
 */
#ifndef RUNNER_ATTEMPT_H
#define RUNNER_ATTEMPT_H

#include <jansson.h>

#include "runner/run/jobs.h"

/* Gives the job something to do, or leaves it idle. */
int attempt_start_trial(struct pool *pool, struct job *job);
/* Sends the job's next attempt to its worker, which is started if it has to be. */
int attempt_place(struct pool *pool, struct job *job);
/* Announces the trial after this one, so that its imports happen meanwhile. */
int attempt_announce_next(struct pool *pool, struct job *job);
/* The tests of a trial, for a message. */
json_t *attempt_ids(const struct trial *trial);

/* All records that there are go to trial and collator; `context`: as what. */
void attempt_drain(struct pool *pool, struct job *job, struct worker *worker);
struct iteration_context attempt_context(const struct worker *worker, const struct trial *trial);

/* The process is gone: its last records, what its end means, and what comes next. */
void attempt_finish(struct pool *pool, struct job *job, struct worker *worker, int status);

int attempt_start_worker(struct pool *pool, struct worker *worker);
/* Ends a worker that runs no iteration and is of no more use. */
void attempt_retire(struct pool *pool, struct job *job, struct worker *worker);

/* This test, or all of its file, needs the GIL from now on. False: that was known. */
bool pool_run_apart(struct pool *pool, size_t test, bool whole_file);
/* What all tests import switched it on. */
void pool_run_all_apart(struct pool *pool);

struct guard_limits pool_guard_limits(const struct pool *pool, const struct trial *trial);
void pool_announce(struct pool *pool);
void pool_count_tests(struct pool *pool, const struct trial *trial);
/* Stores what is new since the last time. */
void pool_store_progress(struct pool *pool, const struct trial *trial);

#endif
