/* verify.c - see verify.h. */
#include "runner/run/verify.h"

#include <stdlib.h>
#include <string.h>

#include "ftstress/arena.h"
#include "runner/verdict/faults.h"
#include "runner/base/util.h"

/* Seconds for a check. It is --timeout that ends one that makes no progress. */
#define CHECK_BUDGET 3600.0
/* So many tests at least, and at most, are checked in one process at first. */
enum { GROUP_LEAST = 4, GROUP_MOST = 100 };
/* So many tests get a note each; one more note says how many others there are. */
#define NOTES_MAX 10u

enum verdict {
	VERDICT_NONE,
	VERDICT_WAITS,      /* it waits for a check in turns */
	VERDICT_WAITS_MORE, /* it failed in turns, and waits for a check one by one */
	VERDICT_PASSES,     /* it passes without overlap */
	VERDICT_FAILS,      /* it fails without overlap, too */
	VERDICT_KNOWN,      /* an earlier run saw it fail in the same way without overlap */
};

/* A failure that waits for the verdict on its test. */
struct waiting {
	size_t test;
	char *why; /* how it failed, as failure_why() has it */
	struct finding finding;
	char *token;
	bool gil;
	struct trial_plan plan; /* of the iteration in which it failed; without tests */
};

struct verifier {
	const struct plan_test *tests;
	struct failing *failing;
	uint8_t *verdicts; /* for each test: enum verdict */
	uint8_t *grouped;  /* for each test: the verdict with which it was in a group */
	size_t alone;      /* how many tests fail without overlap, too */
	size_t *queue;     /* tests to be checked */
	size_t queued, queue_capacity, taken;
	struct waiting *waiting;
	size_t waiting_count, waiting_capacity;
};

struct verifier *verifier_new(const struct plan_test *tests, size_t count, struct failing *failing)
{
	struct verifier *verifier = xcalloc(1, sizeof *verifier);
	verifier->tests = tests;
	verifier->failing = failing;
	verifier->verdicts = xcalloc(count, 1);
	verifier->grouped = xcalloc(count, 1);
	return verifier;
}

static void waiting_clear(struct waiting *waiting)
{
	finding_clear(&waiting->finding);
	free(waiting->token);
	free(waiting->why);
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
	free(verifier->grouped);
	free(verifier);
}

/* Adds a note on a test that fails without overlap, too, if it is one of the first. */
static void note_alone(struct verifier *verifier, struct collator *collator, size_t test,
		       const struct test_failure *failure)
{
	if (++verifier->alone > NOTES_MAX)
		return;
	char *why = failure ? failure_why(failure) : NULL;
	char *where = failure ? failure_where(failure) : NULL;
	char *text = xprintf("%s fails when its threads do not overlap, too%s%s%s%s%s",
			     verifier->tests[test].id, why ? ": " : "", why ? why : "",
			     where ? " (" : "", where ? where : "", where ? ")" : "");
	collator_note(collator, text);
	free(text);
	free(where);
	free(why);
}

/* `failure`: how it failed; NULL if it did not end, and so raised nothing. */
static void fails_in_turns(struct verifier *verifier, struct collator *collator, size_t test,
			   const struct test_failure *failure)
{
	if (verifier->verdicts[test] == VERDICT_FAILS)
		return;
	if (verifier->verdicts[test] != VERDICT_KNOWN)
		note_alone(verifier, collator, test, failure);
	verifier->verdicts[test] = VERDICT_FAILS;
	if (failure)
		failing_alone(verifier->failing, test, failure);
}

/*
 * Did an earlier run see the test fail in the same way without overlap? Then it need not be
 * checked.
 */
static bool is_known(struct verifier *verifier, struct collator *collator, size_t test,
		     const struct test_failure *failure)
{
	uint8_t *verdict = &verifier->verdicts[test];
	if (*verdict != VERDICT_NONE && *verdict != VERDICT_KNOWN)
		return false;
	bool known = failing_is_known(verifier->failing, test, failure);
	if (known && *verdict == VERDICT_NONE)
		note_alone(verifier, collator, test, failure);
	*verdict = known ? VERDICT_KNOWN : VERDICT_NONE;
	return known;
}

/* Takes the failures `first`..`last` - 1 of the attempt, which are of one test. */
static void take_failures(struct verifier *verifier, struct collator *collator,
			  const struct iteration_context *context, const struct trial *trial,
			  size_t first, size_t last)
{
	const struct test_failure *failure = &trial->failures[first];
	size_t test = trial->tests[failure->index];
	if (failure->threads <= 1) {
		fails_in_turns(verifier, collator, test, failure);
		return;
	}
	if (verifier->verdicts[test] == VERDICT_FAILS ||
	    is_known(verifier, collator, test, failure))
		return;
	struct waiting waiting = { .test = test,
				   .why = failure_why(failure),
				   .token = xstrdup(trial->token),
				   .gil = trial->gil,
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

static void push(struct verifier *verifier, size_t test)
{
	ARRAY_PUSH(verifier->queue, verifier->queued, verifier->queue_capacity, test);
}

/* The first failure of the test that waits for a verdict, or NULL. */
static const struct waiting *waiting_of(const struct verifier *verifier, size_t test)
{
	for (size_t i = 0; i < verifier->waiting_count; i++)
		if (verifier->waiting[i].test == test)
			return &verifier->waiting[i];
	return NULL;
}

/* Drops the failures of a test that fails without overlap, too. */
static void drop_waiting(struct verifier *verifier, size_t test)
{
	size_t kept = 0;
	for (size_t i = 0; i < verifier->waiting_count; i++) {
		if (verifier->waiting[i].test == test)
			waiting_clear(&verifier->waiting[i]);
		else
			verifier->waiting[kept++] = verifier->waiting[i];
	}
	verifier->waiting_count = kept;
}

static const struct test_failure *failure_at(const struct trial *trial, size_t index)
{
	for (size_t i = 0; i < trial->failure_count; i++)
		if (trial->failures[i].index == index)
			return &trial->failures[i];
	return NULL;
}

/* Did a test of a group fail in the way in which it failed when its threads overlapped? */
static bool fails_the_same(const struct verifier *verifier, const struct trial *trial, size_t index)
{
	const struct waiting *waiting = waiting_of(verifier, trial->tests[index]);
	const struct test_failure *failure = failure_at(trial, index);
	if (!waiting || !failure || trial->states[index] != TEST_ENDED)
		return false;
	char *why = failure_why(failure);
	bool same = strcmp(why, waiting->why) == 0;
	free(why);
	return same;
}

/*
 * Takes what a group came to. All that it decides is that a test fails in the same way without
 * overlap; any other one is checked alone.
 */
static void take_group(struct verifier *verifier, struct collator *collator,
		       const struct trial *trial)
{
	for (size_t i = 0; i < trial->count; i++) {
		size_t test = trial->tests[i];
		bool again = !fails_the_same(verifier, trial, i);
		if (!again && verifier->verdicts[test] == VERDICT_WAITS) {
			verifier->verdicts[test] = VERDICT_WAITS_MORE;
			again = true;
		}
		if (again) {
			push(verifier, test);
			continue;
		}
		fails_in_turns(verifier, collator, test, failure_at(trial, i));
		drop_waiting(verifier, test);
	}
	for (size_t i = 0; i < trial->apart_count; i++) /* they need the GIL */
		push(verifier, trial->apart[i]);
}

/* Takes the outcome of a check: failures that waited for it become findings, or are dropped. */
static void take_verdict(struct verifier *verifier, struct collator *collator,
			 const struct iteration_context *context, const struct trial *trial)
{
	if (trial->plan.test_count > 1) {
		take_group(verifier, collator, trial);
		return;
	}
	size_t test = trial->tests[0];
	if (trial->killed == KILL_INTERRUPT) {
		push(verifier, test);
		return;
	}
	if (trial->uncertain && trial->states[0] != TEST_ENDED)
		return; /* verifier_leave() will add a note on it */
	bool passed = trial->states[0] == TEST_ENDED && trial->outcomes[0] != FTS_OUTCOME_FAILED &&
		      trial->outcomes[0] != FTS_OUTCOME_ERROR;
	if (passed) {
		verifier->verdicts[test] = VERDICT_PASSES;
	} else if (verifier->verdicts[test] == VERDICT_WAITS) {
		verifier->verdicts[test] = VERDICT_WAITS_MORE;
		push(verifier, test);
		return;
	} else
		fails_in_turns(verifier, collator, test,
			       trial->failure_count ? &trial->failures[0] : NULL);
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
	 * Threads that take turns run a test several times in a row, more or less. If it fails
	 * then, it is a test that leaves something behind; unless turns were passed on on purpose.
	 */
	bool switches = trial->plan.explored && trial->plan.switches;
	if (trial->plan.schedule != SCHEDULE_OVERLAP && !switches)
		return;
	for (size_t first = 0, last; first < trial->failure_count; first = last) {
		last = first + 1;
		while (last < trial->failure_count &&
		       trial->failures[last].index == trial->failures[first].index)
			last++;
		take_failures(verifier, collator, context, trial, first, last);
	}
}

static void note_number(struct collator *collator, const char *format, size_t count)
{
	char *text = xprintf(format, count);
	collator_note(collator, text);
	free(text);
}

void verifier_leave(const struct verifier *verifier, struct collator *collator)
{
	if (verifier->alone > NOTES_MAX)
		note_number(collator, "%zu more tests fail when their threads do not overlap, too",
			    verifier->alone - NOTES_MAX);
	if (verifier->waiting_count > NOTES_MAX)
		note_number(collator,
			    "%zu more failures in threads are not judged: the run ended before it "
			    "was tried whether the tests pass in turns",
			    verifier->waiting_count - NOTES_MAX);
	for (size_t i = 0; i < verifier->waiting_count && i < NOTES_MAX; i++) {
		char *text = xprintf("%s failed in threads (%s); the run ended before it was tried "
				     "whether it passes in turns",
				     verifier->tests[verifier->waiting[i].test].id,
				     verifier->waiting[i].token);
		collator_note(collator, text);
		free(text);
	}
}

/* Can the test be in a group with the first of it, which failed in the same iteration? */
static bool joins(const struct verifier *verifier, const struct waiting *first, size_t test)
{
	const struct waiting *waiting = waiting_of(verifier, test);
	uint8_t verdict = verifier->verdicts[test];
	return waiting && waiting->plan.iteration == first->plan.iteration &&
	       verdict == verifier->verdicts[first->test] && verifier->grouped[test] != verdict;
}

/*
 * Takes the next test out of the queue, and those that are checked in one process with it, at most
 * GROUP_MOST, in `tests`; returns how many.
 */
static size_t take_tests(struct verifier *verifier, const struct waiting *first, size_t *tests)
{
	size_t count = 0, kept = verifier->taken;
	for (size_t i = verifier->taken; i < verifier->queued && count < GROUP_MOST; i++)
		if (joins(verifier, first, verifier->queue[i]))
			tests[count++] = verifier->queue[i];
	if (count < GROUP_LEAST) {
		tests[0] = verifier->queue[verifier->taken++];
		return 1;
	}
	for (size_t i = 0; i < count; i++)
		verifier->grouped[tests[i]] = verifier->verdicts[tests[i]];
	for (size_t i = verifier->taken, next = 0; i < verifier->queued; i++) {
		if (next < count && verifier->queue[i] == tests[next])
			next++;
		else
			verifier->queue[kept++] = verifier->queue[i];
	}
	verifier->queued = kept;
	return count;
}

struct trial *verifier_next(struct verifier *verifier)
{
	if (verifier->taken == verifier->queued)
		return NULL;
	const struct waiting *waiting = waiting_of(verifier, verifier->queue[verifier->taken]);
	if (!waiting) {
		verifier->taken++;
		return NULL;
	}
	struct trial_plan plan = waiting->plan;
	plan.schedule = verifier->verdicts[waiting->test] == VERDICT_WAITS ? SCHEDULE_WHOLE_TURNS
									   : SCHEDULE_ONE_BY_ONE;
	plan.explored = false;
	plan.gil = false; /* with turns, threads could wait for each other: see take_apart() */
	plan.tests = xcalloc(GROUP_MOST, sizeof *plan.tests);
	plan.test_count = take_tests(verifier, waiting, plan.tests);
	struct trial *trial =
		trial_new(&plan, (struct replay_token){ 0 }, CHECK_BUDGET, verifier->tests);
	trial->check = true;
	free(trial->token);
	trial->token = xstrdup(waiting->token);
	return trial;
}
