/*
 * hunt.h - looks for one finding again: `ftstress repro` and the like. A strategy says what is tried next, in place
 * of the plan's iterations, and is told whether the finding came.
 *
 *     strategy.next ──► try ──► trial ──► its findings ──► strategy.took ──► strategy.next ...
 *                                └─ a failed test passes without overlap? (verify.h): only then it came
 *
 * One try at a time, as what comes next depends on what came.
 */
#ifndef RUNNER_HUNT_H
#define RUNNER_HUNT_H

#include "runner/collate/collate.h"
#include "runner/plan/plan.h"
#include "runner/trial/trial.h"

struct hunt;

#define HUNT_AS_DRAWN 0u

/* An iteration: that of the token, but for what is said here. */
struct hunt_try {
	struct replay_token token;
	const size_t *
		tests; /* in place of its slice's: indices of the suite's, sorted; NULL = its slice's */
	size_t test_count;
	unsigned threads; /* or HUNT_AS_DRAWN */
	bool whole_turns; /* whatever schedule it has drawn */
	bool overlap;     /* the same */
	bool counts;      /* its tests' turns count for the history of what they show */
};

struct hunt_result {
	bool ran;     /* at least one test began */
	size_t begun; /* so many did */
	bool seen;    /* the finding came, by itself or as one that it is told with */
	/* NULL or the id: as what it came, if not by itself; and of another one that came. */
	const char *as, *other;
	bool deadlock; /* of a lock order: its threads did wait for each other */
	unsigned threads;
	enum schedule_choice schedule;
	double seconds;
};

struct hunt_strategy {
	/* Sets what is tried next; false: nothing more is. */
	bool (*next)(void *context, struct hunt_try *next);
	void (*took)(void *context, const struct hunt_result *result);
};

/* What a hunt needs to know of its run; all is the caller's. */
struct hunt_field {
	const struct finding *target;
	const struct settings *settings;
	struct plan *plan;
	const struct plan_test *tests;
	size_t test_count;
	struct collator *collator;
};

struct hunt *hunt_new(const struct hunt_field *field, const struct hunt_strategy *strategy,
		      void *context);
void hunt_free(struct hunt *hunt); /* may be NULL */

/* Iteration number `iteration`, NULL: there are no more. Nothing of the last one may be under way. */
struct trial *hunt_next(struct hunt *hunt, uint64_t iteration);
/* Looks at what came since it was stored the last time; before that is stored again. */
void hunt_look(struct hunt *hunt);
/* Its trial is over; a check of a test that failed in it may follow. */
void hunt_took(struct hunt *hunt, const struct trial *trial);
/* The run is over: the strategy is told of the last try. */
void hunt_end(struct hunt *hunt);
/* Do the turns of the tests that run now count? */
bool hunt_counts(const struct hunt *hunt);

/* Is `seen`, which came with others, the finding, by its id or as one of its entry? For hunt.c and its test. */
const char *hunt_recognise(const struct finding *target, const struct finding *const *others,
			   size_t count, const char *const *seen, size_t seen_count);

#endif
