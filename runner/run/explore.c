/* explore.c - see explore.h. */
#include "runner/run/explore.h"

#include <inttypes.h>
#include <stdlib.h>

#include "runner/base/util.h"
#include "runner/plan/schedules.h"

/* By seed, of each test, when the planned ones are all run, if no length of the run was asked for. */
#define BY_SEED_MOST 50u
#define NOTES_MAX 20u

struct explored {
	struct schedules *schedules;
	const char *test;
	uint64_t by_seed; /* that have been handed out */
};

struct explore {
	const struct settings *settings;
	struct plan *plan;
	const struct plan_test *tests;
	struct explored *explored; /* by slice */
	size_t count, next;
};

struct explore *explore_new(const struct settings *settings, struct plan *plan,
			    const struct plan_test *tests)
{
	struct explore *explore = xcalloc(1, sizeof *explore);
	*explore = (struct explore){ settings, plan, tests, NULL, plan_slices(plan), 0 };
	explore->explored = xcalloc(explore->count, sizeof *explore->explored);
	for (size_t i = 0; i < explore->count; i++)
		explore->explored[i].schedules = schedules_new(settings->seed + i);
	return explore;
}

void explore_free(struct explore *explore)
{
	if (!explore)
		return;
	for (size_t i = 0; i < explore->count; i++)
		schedules_free(explore->explored[i].schedules);
	free(explore->explored);
	free(explore);
}

static bool has_seeds(const struct explore *explore, const struct explored *one)
{
	bool length = explore->settings->iterations_given || explore->settings->duration_given;
	return schedules_are_over(one->schedules) && (length || one->by_seed < BY_SEED_MOST);
}

/*
 * All of a test's iterations but those by seed have the number 0 in their token: they differ in their
 * switches alone.
 */
static struct trial *plan_one(struct explore *explore, size_t slice, uint64_t iteration,
			      uint64_t switches)
{
	struct explored *one = &explore->explored[slice];
	struct replay_token token = { .seed = explore->settings->seed,
				      .slice = slice,
				      .switches = switches };
	struct trial_plan plan;
	if (switches == FTS_SWITCHES_BY_SEED)
		token.iteration = ++one->by_seed;
	plan_trial(explore->plan, explore->settings, token, &plan);
	plan.iteration = iteration;
	one->test = explore->tests[plan.tests[0]].id;
	return trial_new(&plan, token, explore->settings->budget, explore->tests);
}

struct trial *explore_next(struct explore *explore, uint64_t iteration)
{
	for (size_t tried = 0; tried < explore->count; tried++) {
		size_t slice = explore->next++ % explore->count;
		struct explored *one = &explore->explored[slice];
		uint64_t switches = FTS_SWITCHES_BY_SEED;
		if (schedules_next(one->schedules, &switches) || has_seeds(explore, one))
			return plan_one(explore, slice, iteration, switches);
	}
	return NULL;
}

void explore_take(struct explore *explore, const struct trial *trial)
{
	struct explored *one = &explore->explored[trial->plan.slice % explore->count];
	if (!trial_counts(trial) || trial->plan.switches == FTS_SWITCHES_BY_SEED)
		return;
	schedules_take(one->schedules, trial->plan.switches, trial->schedule_flags, trial->touches,
		       trial->touch_count);
}

void explore_tell(const struct explore *explore, struct collator *collator)
{
	for (size_t i = 0; i < explore->count && i < NOTES_MAX; i++) {
		const struct explored *one = &explore->explored[i];
		struct schedules_count count = schedules_count(one->schedules);
		if (!one->test)
			continue;
		char *text = schedules_text(&count);
		char *note = one->by_seed ? xprintf("%s: %s; then %" PRIu64 " by seed", one->test,
						    text, one->by_seed)
					  : xprintf("%s: %s", one->test, text);
		collator_note(collator, note);
		free(note);
		free(text);
	}
}
