/*
 * plan.h - which tests run when, in how many threads: a function of the tests and the seed alone.
 *
 *   tests by id ── pass 0 ──► deck: slice 0 · slice 1 · ... · slice S-1     each test once
 *               ── pass 1 ──► deck: slice S · ...                          shuffled anew
 *
 * The decks are the same for every seed, so a run goes on where the last one ended: iteration n of
 * a run that starts at slice K takes slice K + n. What the seed decides is how it is run.
 *
 * How a deck is cut:
 *
 *   file a: 47 tests ─ shuffle ─► 20 | 20 | 7 ┐     remainders of the files, the largest first,
 *   file b:  9 tests ─ shuffle ─►           9 ┴─►   go into the first bin that has room:
 *                                                   7 + 9 = one slice.
 *   Then the slices are shuffled.
 *
 * A deck has the same number of slices in every pass, since only the sizes decide how many bins
 * the remainders need.
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
};

/* What one iteration does. */
struct trial_plan {
	uint64_t iteration;
	uint64_t slice;
	unsigned threads;
	double switch_interval; /* seconds, three significant digits */
	bool gil;
	enum schedule_choice schedule; /* never mixed; one by one is for a check (verify.h) only */
	uint32_t seed; /* for the tests' random numbers and the order of thread starts */
	size_t *tests; /* indices into the tests given to plan_new; free with trial_plan_clear */
	size_t test_count;
};

struct plan;

/*
 * `tests` (borrowed, at least one) is in the order of strcmp over the ids. `slice` is the most
 * tests that one iteration takes, at least 1.
 */
struct plan *plan_new(const struct plan_test *tests, size_t count, size_t slice);
void plan_free(struct plan *plan);

/*
 * Tests in an iteration where the user does not say: as many as it takes for the run's iterations
 * to go once through all tests, but 20 to 100. `iterations` 0 = no end.
 */
unsigned plan_slice_for(size_t tests, uint64_t iterations);

/* Slices in a deck: at least 1. */
size_t plan_slices(const struct plan *plan);

/*
 * The trial that `token` names; threads, interval, GIL and schedule are drawn within `settings`.
 * Mixed schedule: every other trial takes turns where the order is told as meant; with the GIL, or
 * with the order as written, threads that do not meet show next to nothing, so all overlap.
 */
void plan_trial(struct plan *plan, const struct settings *settings, struct replay_token token,
		struct trial_plan *trial);
void trial_plan_clear(struct trial_plan *trial);

/* Tests that earlier runs left over, because there was no time for them in this slice. */
struct leftover {
	uint64_t slice;
	size_t *tests; /* indices, as in struct trial_plan */
	size_t test_count;
};

/*
 * Sorts tests that were left over by the slice, below `first_slice`, that they came in last; tests
 * that did not come yet are left out. In the order of the slices; release with leftovers_clear.
 */
size_t plan_leftovers(struct plan *plan, uint64_t first_slice, const size_t *tests, size_t count,
		      struct leftover **leftovers);
void leftovers_clear(struct leftover *leftovers, size_t count);

/*
 * Where a run begins: iteration n takes slice first_slice + n, but the first ones take of older
 * slices what was left over in them.
 */
struct plan_start {
	uint64_t seed, first_slice;
	const struct leftover
		*leftovers; /* borrowed; as many as there are slices before, at most */
	size_t leftover_count;
};

/*
 * The trial of iteration `iteration` and its token, which is the user's where `settings` has one
 * to be repeated. Where only what was left over is run, the token names the whole slice.
 */
struct replay_token plan_iteration(struct plan *plan, const struct settings *settings,
				   const struct plan_start *start, uint64_t iteration,
				   struct trial_plan *trial);

#endif
