/*
 * plan.h - which tests run when, and in how many threads. It depends on the tests, the settings and
 * the seed, and on nothing else.
 *
 *   tests by id ── pass 0 ──► deck: slice 0 · slice 1 · ... · slice S-1     each test once
 *               ── pass 1 ──► deck: slice S · ...                          shuffled anew
 *
 * The decks are the same for every seed. So a run goes on where the last one ended: iteration n of
 * a run that begins at slice K takes slice K + n. The seed decides how a slice is run.
 *
 * How a deck is cut into slices of at most 20 tests:
 *
 *   file a: 47 tests ─ shuffle ─► 20 | 20 | 7 ┐     The remainders of the files go into bins, the
 *   file b:  9 tests ─ shuffle ─►           9 ┴─►   largest first, each into the first bin that
 *                                                   has room. A bin is a slice: 7 + 9.
 *   Then the slices are shuffled. Where tests have a stage (of the pairs, the most promising ones
 *   have the lowest), that is done stage by stage.
 *
 * Each deck has the same number of slices, since only the sizes of the files decide how many bins
 * there are.
 */
#ifndef RUNNER_PLAN_H
#define RUNNER_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "runner/plan/settings.h"

struct plan_test {
	const char *id;
	const char *file; /* tests of one file share its import */
	unsigned stage;   /* tests of a lower stage come before all of a higher one */
};

/* What one iteration does. */
struct trial_plan {
	uint64_t iteration;
	uint64_t slice;
	unsigned threads;
	double switch_interval; /* seconds, three significant digits */
	bool gil;
	enum schedule_choice schedule; /* never mixed; one by one only for a check (verify.h) */
	uint32_t seed;     /* for the tests' random numbers and the order in which threads start */
	bool python_races; /* of variables of Python code are looked for */
	bool explored;     /* turns are passed on as `switches` say; see run/explore.h */
	uint64_t switches; /* FTS_SWITCHES */
	size_t *tests;     /* indices of the tests given to plan_new() */
	size_t test_count;
};

struct plan;

/*
 * `tests`, at least one, has to be sorted by id (strcmp()), and to live as long as the plan.
 * `slice`: the most tests that one iteration takes, at least 1.
 */
struct plan *plan_new(const struct plan_test *tests, size_t count, size_t slice);
void plan_free(struct plan *plan);

/*
 * The size of a slice, if the user gives none: so large that the run's iterations go once through
 * all tests, but from 20 to 100. `iterations` 0 = without end.
 */
unsigned plan_slice_for(size_t tests, uint64_t iterations);

/* Slices in a deck: at least 1. */
size_t plan_slices(const struct plan *plan);

/* Of the iteration that `token` names what is drawn: all but its tests, and whether races of Python code are
 * looked for. */
void plan_draw(const struct settings *settings, struct replay_token token,
	       struct trial_plan *trial);

/*
 * Plans the iteration that `token` names. Threads, interval, GIL and schedule are drawn within what
 * `settings` allow. With a mixed schedule, the threads take turns in every other iteration, if the
 * level is meant. With the GIL, or with the level as-written, they always overlap: threads that do
 * not meet show next to nothing there.
 */
void plan_trial(struct plan *plan, const struct settings *settings, struct replay_token token,
		struct trial_plan *trial);
void trial_plan_clear(struct trial_plan *trial);

/* Tests of a slice that earlier runs left over, because there was no time. */
struct leftover {
	uint64_t slice;
	size_t *tests; /* indices, as in struct trial_plan */
	size_t test_count;
};

/*
 * Sorts tests that were left over by slices: each goes to the last slice before `first_slice` that
 * has it. Tests that no such slice has are left out. Returns how many slices; leftovers_clear()
 * frees them.
 */
size_t plan_leftovers(struct plan *plan, uint64_t first_slice, const size_t *tests, size_t count,
		      struct leftover **leftovers);
void leftovers_clear(struct leftover *leftovers, size_t count);

/*
 * Where a run begins. The first iterations run the leftovers, one each; iteration n after that
 * takes slice first_slice + n. The leftovers are the caller's.
 */
struct plan_start {
	uint64_t seed, first_slice;
	const struct leftover *leftovers;
	size_t leftover_count;
};

/*
 * Plans iteration number `iteration` of a run, and returns its token. If `settings` have a token to
 * be replayed, each iteration is that one. The token of leftovers names the whole slice.
 */
struct replay_token plan_iteration(struct plan *plan, const struct settings *settings,
				   const struct plan_start *start, uint64_t iteration,
				   struct trial_plan *trial);

#endif
