/*
 * jobs.h - what the loop of pool.c knows: its jobs, what each does next, and until when. For
 * pool.c, attempt.c, control.c and lookout.c alone, in this order:
 *
 *     pool ─► lookout ─► control ─► attempt ─► jobs
 */
#ifndef RUNNER_JOBS_H
#define RUNNER_JOBS_H

#include "runner/run/news.h"
#include "runner/run/pool.h"
#include "runner/trial/trial.h"
#include "runner/verdict/guard.h"

struct job {
	struct worker workers[WORKER_KINDS];
	struct trial *trial; /* that runs, or waits for its worker */
	struct trial *next;  /* announced */
	bool sent;           /* the attempt was given to the worker */
	bool settling;       /* in the middle of a judgement: nobody looks at it meanwhile */
	struct guard guard;  /* over the attempt's process */
};

struct pool {
	const struct pool_options *options;
	struct pool_result *result;
	struct job *jobs;   /* as many as the options say, and one that only measures */
	unsigned job_count; /* with that one */
	struct verifier *verifier;
	struct failing *failing;
	bool *needs_gil;         /* of each test: its import switches the GIL on */
	struct recheck *recheck; /* NULL: races are not tried with the order as written */
	struct measure *measure;
	uint64_t next_iteration, end_iteration; /* end 0 = none */
	struct tally *tally;
	struct cover cover; /* of all workers that have ended */
	struct news news;
	struct progress_state state;
	double deadline; /* 0 = none */
	bool stopping;
	int code;
};

/* The job that only measures (measure.h). */
struct job *pool_measuring(const struct pool *pool);

struct worker *job_worker(struct job *job, const struct trial *trial);
/* The trial whose attempt the worker runs, or NULL. */
struct trial *job_trial(struct job *job, const struct worker *worker);
/* The tests that the trial's indices are of. */
const struct plan_test *pool_tests(const struct pool *pool, const struct trial *trial);
/* Who takes the worker's records. */
struct collator *pool_collator(const struct pool *pool, const struct worker *worker);

bool pool_out_of_time(const struct pool *pool);
/* When a trial that was forked is ended, whatever it does; 0 = never. */
double pool_end_of(const struct pool *pool, const struct trial *trial);

/* Iterations of tests that were planned in this run. */
uint64_t pool_planned(const struct pool *pool);
/* The next planned trial, or NULL if there is none. */
struct trial *pool_plan_next(struct pool *pool);
/* What this job does next; NULL = nothing is left. The caller's. */
struct trial *job_take_next(struct pool *pool, struct job *job);

#endif
