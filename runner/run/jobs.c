/* jobs.c - see jobs.h. */
#include "runner/run/jobs.h"

#include "runner/base/util.h"
#include "runner/run/explore.h"
#include "runner/run/hunt.h"
#include "runner/run/measure.h"
#include "runner/run/pairs.h"
#include "runner/run/recheck.h"
#include "runner/run/verify.h"

/*
 * When --duration is over, what runs is given so much of it to come to its end, in seconds; an
 * iteration has at least that, however late it began.
 */
#define GRACE_SHARE 0.1
#define GRACE_LEAST 5.0
#define GRACE_MOST 60.0

struct job *pool_measuring(const struct pool *pool)
{
	return &pool->jobs[pool->job_count - 1];
}

struct worker *job_worker(struct job *job, const struct trial *trial)
{
	return &job->workers[trial->as_written ? WORKER_AS_WRITTEN
			     : trial->pairs    ? WORKER_PAIRS
			     : trial->gil      ? WORKER_GIL
					       : WORKER_PLAIN];
}

const struct plan_test *pool_tests(const struct pool *pool, const struct trial *trial)
{
	return trial->pairs ? pairs_tests(pool->options->pairs) : pool->options->tests;
}

struct collator *pool_collator(const struct pool *pool, const struct worker *worker)
{
	return worker->kind == WORKER_AS_WRITTEN ? pool->options->as_written
						 : pool->options->collator;
}

struct trial *job_trial(struct job *job, const struct worker *worker)
{
	return job->sent && job->trial && worker == job_worker(job, job->trial) ? job->trial : NULL;
}

bool pool_out_of_time(const struct pool *pool)
{
	return pool->deadline > 0 && now_seconds() >= pool->deadline;
}

static double grace_of(const struct pool *pool)
{
	double grace = pool->options->settings->duration * GRACE_SHARE;
	return grace < GRACE_LEAST ? GRACE_LEAST : grace > GRACE_MOST ? GRACE_MOST : grace;
}

double pool_end_of(const struct pool *pool, const struct trial *trial)
{
	if (pool->deadline <= 0 || trial->as_written)
		return 0;
	return (trial->forked > pool->deadline ? trial->forked : pool->deadline) + grace_of(pool);
}

/* Failures of the last iterations are looked at in the time of grace, too. */
static struct trial *verify_next(struct pool *pool)
{
	if (pool->deadline > 0 && now_seconds() >= pool->deadline + grace_of(pool))
		return NULL;
	return verifier_next(pool->verifier);
}

uint64_t pool_planned(const struct pool *pool)
{
	return pool->next_iteration - pool->options->first_iteration;
}

struct trial *pool_plan_next(struct pool *pool)
{
	const struct pool_options *options = pool->options;
	if (pool->stopping || pool_out_of_time(pool))
		return NULL;
	if (options->hunt)
		return hunt_next(options->hunt, pool->next_iteration++);
	bool last = pool->end_iteration && pool->next_iteration >= pool->end_iteration;
	struct trial *pairs = pairs_next(options->pairs, pool_planned(pool), last);
	if (pairs || last)
		return pairs;
	if (options->explore) {
		struct trial *trial = explore_next(options->explore, pool->next_iteration);
		pool->next_iteration += trial != NULL;
		return trial;
	}
	struct trial_plan plan;
	struct replay_token token = plan_iteration(options->plan, options->settings,
						   &options->start, pool->next_iteration++, &plan);
	return trial_new(&plan, token, options->settings->budget, options->tests);
}

/*
 * What this job does next: a test to be checked, what was announced, or another job's; when all
 * are done, a race with the order as written.
 */
struct trial *job_take_next(struct pool *pool, struct job *job)
{
	if (pool->stopping)
		return NULL;
	if (job == pool_measuring(pool))
		return measure_next(pool->measure, pool->options->tests,
				    pool->options->pairs ? pairs_tests(pool->options->pairs) : NULL,
				    now_seconds());
	struct trial *trial = verify_next(pool);
	if (!trial && job->next && !pool_out_of_time(pool)) {
		trial = job->next;
		job->next = NULL;
	}
	if (!trial)
		trial = pool_plan_next(pool);
	for (unsigned i = 0; !trial && !pool_out_of_time(pool) && i < pool->options->jobs; i++) {
		trial = pool->jobs[i].next;
		pool->jobs[i].next = NULL;
	}
	if (!trial && pool->recheck) {
		trial = recheck_next(pool->recheck);
		pool->state.rechecking = pool->state.rechecking || trial;
	}
	return trial;
}
