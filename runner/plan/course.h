/*
 * course.h - what the iterations of a run will be: the plan, and where in its decks the run begins.
 * Tests that earlier runs left over come first:
 *
 *     slices of earlier runs ...│ what is left over of them │ the next slices of the deck
 *                               └─ iteration 0, 1 ──────────┴─ 2, 3, ... ─►
 */
#ifndef RUNNER_COURSE_H
#define RUNNER_COURSE_H

#include "runner/plan/plan.h"
#include "runner/store/store.h"

struct course {
	const struct plan_test *tests; /* the caller's, as given to plan_new() */
	size_t test_count;
	struct plan *plan;
	uint64_t deck; /* slices of this run's size that earlier runs have run; 0 for the gate */
	struct leftover *leftovers;
	size_t leftover_count; /* how many of these this run takes */
	size_t leftover_found; /* how many there are */
};

/*
 * Makes the plan. Sets settings->slice, if nobody gave one, and the iterations of a gate. The
 * position in the deck is given as a number of tests, because this run's slices may have another
 * size.
 */
void course_settle(struct course *course, struct settings *settings, const struct plan_test *tests,
		   size_t test_count, uint64_t deck_tests);

/*
 * Makes the run begin with the tests that earlier runs left over, in half of its iterations at
 * most. Does nothing for a gate, or a run that is resumed or replayed. Returns 0, or an exit code
 * after a message to the user.
 */
int course_take_leftovers(struct course *course, const struct settings *settings,
			  struct store *store);

/* Where the run begins. The leftovers in it are still the course's. */
struct plan_start course_start(const struct course *course, const struct settings *settings);

/* Prints all iterations; of a run without end, one deck. */
void course_print(const struct course *course, const struct settings *settings);

void course_clear(struct course *course);

#endif
