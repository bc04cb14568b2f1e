/*
 * course.h - what the iterations of a run will be: the plan, and where in its decks the run begins.
 *
 *     slices run before ...│ left over in these │ deck goes on
 *                          └─ iteration 0, 1 ───┴─ 2, 3, ... ─►
 */
#ifndef RUNNER_COURSE_H
#define RUNNER_COURSE_H

#include "runner/plan/plan.h"
#include "runner/store/store.h"

struct course {
	const struct plan_test *tests; /* as given to plan_new; borrowed */
	size_t test_count;
	struct plan *plan;
	uint64_t deck; /* slices of this run's size that earlier runs ran; 0 for the gate */
	struct leftover *leftovers;
	size_t leftover_count; /* that this run takes */
	size_t leftover_found;
};

/*
 * Makes the plan. Settles in `settings` the slice, where nobody named one, and the iterations of a
 * gate. The deck's position is in tests, for this run may cut its slices in another size.
 */
void course_settle(struct course *course, struct settings *settings, const struct plan_test *tests,
		   size_t test_count, uint64_t deck_tests);

/*
 * Has the run begin with what earlier runs left over, in half of its iterations at most. Not for a
 * run that is resumed, replayed or a gate. Returns 0 or an exit code, as store.h says.
 */
int course_take_leftovers(struct course *course, const struct settings *settings,
			  struct store *store);

/* Where the run begins; borrows the leftovers. */
struct plan_start course_start(const struct course *course, const struct settings *settings);

/* Prints all iterations, or a deck of them where they have no end. */
void course_print(const struct course *course, const struct settings *settings);

void course_clear(struct course *course);

#endif
