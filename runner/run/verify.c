/* verify.c - see verify.h. */
#include "runner/run/verify.h"

#include <stdlib.h>
#include <string.h>

#include "ftstress/arena.h"
#include "runner/verdict/faults.h"
#include "runner/base/util.h"

/* Seconds for a test in turns; the no-progress limit ends it earlier. */
#define CHECK_BUDGET 3600.0

enum verdict {
	VERDICT_NONE,
	VERDICT_WAITS,      /* for a run in turns */
	VERDICT_WAITS_MORE, /* it failed in turns; for a run of one thread after the other */
	VERDICT_PASSES,
	VERDICT_FAILS,
};

/* A failure that waits for the verdict on its test. */
struct waiting {
	size_t test;
	struct finding finding;
	char *token;
	bool gil;
	struct trial_plan plan; /* of the iteration; without tests */
};

struct verifier {
	const struct plan_test *tests;
	uint8_t *verdicts; /* enum verdict of each test */
	size_t *queue;     /* tests to be run in turns */
	size_t queued, queue_capacity, taken;
	struct waiting *waiting;
	size_t waiting_count, waiting_capacity;
};

struct verifier *verifier_new(const struct plan_test *tests, size_t count)
{
	struct verifier *verifier = xcalloc(1, sizeof *verifier);
	verifier->tests = tests;
	verifier->verdicts = xcalloc(count, 1);
	return verifier;
}

static void waiting_clear(struct waiting *waiting)
{
	finding_clear(&waiting->finding);
	free(waiting->token);
}

void verifier_free(struct verifier *verifier)
{
	if (!verifier)
		return;
	for (size_t i = 0; i < verifier->waiting_count; i++)
		waiting_clear(&verifier->waiting[i]);
	free(verifier->waiting);
	free(verifier->queue);
	free(verifier->verdicts);
	free(verifier);
}

static void fails_in_turns(struct verifier *verifier, struct collator *collator, size_t test)
{
	if (verifier->verdicts[test] == VERDICT_FAILS)
		return;
	verifier->verdicts[test] = VERDICT_FAILS;
	char *text =
		xprintf("%s fails without threads that overlap, too", verifier->tests[test].id);
	collator_note(collator, text);
	free(text);
}

/* The failures `first`..`last` - 1 of the attempt are of one test. */
static void take_failures(struct verifier *verifier, struct collator *collator,
			  const struct iteration_context *context, const struct trial *trial,
			  size_t first, size_t last)
{
	const struct test_failure *failure = &trial->failures[first];
	size_t test = trial->tests[failure->index];
	if (failure->threads <= 1) {
		fails_in_turns(verifier, collator, test);
		return;
	}
	if (verifier->verdicts[test] == VERDICT_FAILS)
		return;
	struct waiting waiting = { .test = test,
				   .token = xstrdup(trial->token),
				   .gil = trial->plan.gil,
				   .plan = trial->plan };
	fault_of_failures(context->tests[failure->index], failure, last - first, &waiting.finding);
	waiting.plan.tests = NULL;
	if (verifier->verdicts[test] == VERDICT_PASSES) {
		collator_add(collator, context, &waiting.finding);
		waiting_clear(&waiting);
		return;
	}
	ARRAY_PUSH(verifier->waiting, verifier->waiting_count, verifier->waiting_capacity, waiting);
	if (verifier->verdicts[test] == VERDICT_NONE) {
		verifier->verdicts[test] = VERDICT_WAITS;
		ARRAY_PUSH(verifier->queue, verifier->queued, verifier->queue_capacity, test);
	}
}

/* A test was checked: what waited for it becomes findings, or is dropped. */
static void take_verdict(struct verifier *verifier, struct collator *collator,
			 const struct iteration_context *context, const struct trial *trial)
{
	size_t test = trial->tests[0];
	if (trial->killed == KILL_INTERRUPT) {
		ARRAY_PUSH(verifier->queue, verifier->queued, verifier->queue_capacity, test);
		return;
	}
	bool passed = trial->states[0] == TEST_ENDED && trial->outcomes[0] != FTS_OUTCOME_FAILED &&
		      trial->outcomes[0] != FTS_OUTCOME_ERROR;
	if (passed) {
		verifier->verdicts[test] = VERDICT_PASSES;
	} else if (verifier->verdicts[test] == VERDICT_WAITS) {
		verifier->verdicts[test] = VERDICT_WAITS_MORE;
		ARRAY_PUSH(verifier->queue, verifier->queued, verifier->queue_capacity, test);
		return;
	} else
		fails_in_turns(verifier, collator, test);
	size_t kept = 0;
	for (size_t i = 0; i < verifier->waiting_count; i++) {
		struct waiting *waiting = &verifier->waiting[i];
		if (waiting->test != test) {
			verifier->waiting[kept++] = *waiting;
			continue;
		}
		const char *id = verifier->tests[test].id;
		struct iteration_context told = *context;
		told.iteration = waiting->plan.iteration;
		told.replay = waiting->token;
		told.gil = waiting->gil;
		told.tests = &id;
		told.test_count = 1;
		if (passed)
			collator_add(collator, &told, &waiting->finding);
		waiting_clear(waiting);
	}
	verifier->waiting_count = kept;
}

void verifier_take(struct verifier *verifier, struct collator *collator,
		   const struct iteration_context *context, const struct trial *trial)
{
	if (trial->check) {
		take_verdict(verifier, collator, context, trial);
		return;
	}
	/*
	 * Threads that take turns run a test twice in a row, more or less: what fails then is a
	 * test that leaves something behind. Lost updates are for iterations that overlap.
	 */
	if (trial->plan.schedule != SCHEDULE_OVERLAP)
		return;
	for (size_t first = 0, last; first < trial->failure_count; first = last) {
		last = first + 1;
		while (last < trial->failure_count &&
		       trial->failures[last].index == trial->failures[first].index)
			last++;
		take_failures(verifier, collator, context, trial, first, last);
	}
}

void verifier_leave(const struct verifier *verifier, struct collator *collator)
{
	for (size_t i = 0; i < verifier->waiting_count; i++) {
		char *text = xprintf("%s failed in threads (%s); the run ended before it was seen "
				     "whether it passes in turns",
				     verifier->tests[verifier->waiting[i].test].id,
				     verifier->waiting[i].token);
		collator_note(collator, text);
		free(text);
	}
}

struct trial *verifier_next(struct verifier *verifier)
{
	if (verifier->taken == verifier->queued)
		return NULL;
	size_t test = verifier->queue[verifier->taken++];
	const struct waiting *waiting = NULL;
	for (size_t i = 0; !waiting && i < verifier->waiting_count; i++)
		if (verifier->waiting[i].test == test)
			waiting = &verifier->waiting[i];
	if (!waiting)
		return NULL;
	struct trial_plan plan = waiting->plan;
	plan.schedule = verifier->verdicts[test] == VERDICT_WAITS ? SCHEDULE_WHOLE_TURNS
								  : SCHEDULE_ONE_BY_ONE;
	plan.gil = false; /* who waits for the GIL and who waits for the turn wait for each other */
	plan.tests = xmalloc(sizeof *plan.tests);
	plan.tests[0] = test;
	plan.test_count = 1;
	struct trial *trial =
		trial_new(&plan, (struct replay_token){ 0, 0, 0 }, CHECK_BUDGET, verifier->tests);
	trial->check = true;
	free(trial->token);
	trial->token = xstrdup(waiting->token);
	return trial;
}
