/*
 * verify_fix.c - `ftstress verify-fix ID`: what has shown a finding is run until its not coming says at 95 % that it is
 * gone (model/enough.h), or it comes.
 *
 *     `ftstress repro` had measured      the same ways again, as often as that rate asks for
 *     how often it comes
 *
 *     its tests' turns were counted      a few of the ways that showed it; then its tests with other seeds, in
 *                                        iterations like those of the run that saw it
 *
 *     neither (pairs, --explore)         the ways, so often that it would come in less than one try of twenty
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runner/base/util.h"
#include "runner/model/enough.h"
#include "runner/model/rate.h"
#include "runner/run/again.h"
#include "runner/run/run.h"

#define TESTS_MOST 10u    /* of those that have shown it, in an iteration */
#define REPLAYS_FIRST 3u  /* before iterations with other seeds */
#define NEEDED_LEAST 3u   /* tries, whatever the rate was */
#define RATE_UNKNOWN 0.05 /* what is ruled out where it is not known how often it came */
#define LINES_MOST 30u    /* so many tries are told one by one */
#define NOT_RUN_MOST 3u   /* iterations in a row in which no test began */

enum basis { BASIS_REPRO, BASIS_TURNS, BASIS_NONE };

struct verify {
	struct again again;
	enum basis basis;
	uint64_t needed, tries; /* tries; of BASIS_TURNS turns of its tests */
	uint64_t replays, iterations;
	bool replaying; /* the present try */
	unsigned not_run;
	bool seen;
	size_t tests[TESTS_MOST], test_count; /* sorted */
	struct replay_token token;            /* of its iterations: the seed and the slice */
};

static bool next_turns(struct verify *verify, struct hunt_try *next)
{
	verify->replaying = verify->replays < REPLAYS_FIRST && ways_next(&verify->again.ways, next);
	if (verify->replaying) {
		verify->replays++;
		return true;
	}
	*next = (struct hunt_try){ .token = verify->token,
				   .tests = verify->tests,
				   .test_count = verify->test_count,
				   .counts = true };
	next->token.iteration = verify->iterations++;
	return verify->test_count && verify->not_run < NOT_RUN_MOST;
}

static bool next_try(void *context, struct hunt_try *next)
{
	struct verify *verify = context;
	if (verify->seen || verify->tries >= verify->needed)
		return false;
	if (verify->basis == BASIS_TURNS)
		return next_turns(verify, next);
	verify->replaying = true;
	return ways_next(&verify->again.ways, next);
}

static void took_try(void *context, const struct hunt_result *result)
{
	struct verify *verify = context;
	if (verify->replaying)
		ways_took(&verify->again.ways, result);
	else
		verify->not_run = result->ran ? 0 : verify->not_run + 1;
	if (verify->basis != BASIS_TURNS)
		verify->tries += result->ran;
	else if (!verify->replaying)
		verify->tries += result->begun;
	verify->again.done.tries += result->ran;
	verify->seen = result->seen;
	if (result->seen || verify->needed <= LINES_MOST)
		again_tell_try(&verify->again, verify->again.done.tries, result);
}

static const struct hunt_strategy strategy = { next_try, took_try };

/* ---- how often it has to be run ---- */

static void set_needed(struct verify *verify)
{
	const struct again *again = &verify->again;
	const struct history *history = &again->history;
	if (again->before.seen) {
		verify->basis = BASIS_REPRO;
		verify->needed = enough_turns(again->before.seen, again->before.tries);
	} else if (history->seen && history->before) {
		verify->basis = BASIS_TURNS;
		verify->needed = enough_turns(history->seen, history->before);
	} else {
		verify->basis = BASIS_NONE;
		verify->needed = rate_tries(RATE_UNKNOWN);
	}
	if (verify->needed < NEEDED_LEAST)
		verify->needed = NEEDED_LEAST;
}

static int by_number(const void *a, const void *b)
{
	const size_t left = *(const size_t *)a, right = *(const size_t *)b;
	return (left > right) - (left < right);
}

/* The tests that have shown it, the most frequent first; in all runs, as their turns were counted in all. */
static void take_tests(struct verify *verify)
{
	const struct again *again = &verify->again;
	const struct run *run = &again->run;
	for (size_t i = 0; i < again->witness_count && verify->test_count < TESTS_MOST; i++) {
		size_t test =
			ways_test(run->tests.tests, run->tests.count, again->witnesses[i].test);
		bool known = test == SIZE_MAX;
		for (size_t k = 0; k < verify->test_count; k++)
			known = known || verify->tests[k] == test;
		if (!known)
			verify->tests[verify->test_count++] = test;
	}
	if (!verify->test_count)
		return;
	verify->token =
		(struct replay_token){ .seed = again->ways.seed,
				       .slice = ways_slice(&again->ways, verify->tests[0]) };
	qsort(verify->tests, verify->test_count, sizeof *verify->tests, by_number);
}

/* ---- what is told ---- */

static void print_begin(const struct verify *verify)
{
	const struct again *again = &verify->again;
	struct buf line = { 0 };
	switch (verify->basis) {
	case BASIS_REPRO:
		buf_puts(&line, "ftstress repro saw it in ");
		rate_add(&line, again->before.seen, again->before.tries);
		buf_printf(&line, "; %" PRIu64 " tries without it say at 95 %% that it is gone",
			   verify->needed);
		break;
	case BASIS_TURNS:
		buf_printf(&line,
			   "It came in %" PRIu64 " of %" PRIu64 " turns of its tests; %" PRIu64
			   " turns without it say at 95 %% that it is gone",
			   again->history.seen, again->history.before, verify->needed);
		break;
	case BASIS_NONE:
		buf_printf(&line,
			   "How often it comes is not known (ftstress repro, before it is fixed, "
			   "measures it); %" PRIu64 " tries without it say at 95 %% that it comes "
			   "in less than one of twenty",
			   verify->needed);
		break;
	}
	printf("%s.\n", line.data);
	fflush(stdout);
	buf_free(&line);
}

static int tell(struct verify *verify, int code)
{
	const char *what = verify->basis == BASIS_TURNS ? "turns of its tests" : "tries";
	if (verify->seen) {
		printf("Still there, in try %" PRIu64 ".\n", verify->again.done.tries);
		return code ? code : EXIT_FINDINGS;
	}
	if (code)
		return code;
	if (!verify->tries)
		return again_nothing_ran(&verify->again);
	if (verify->tries < verify->needed) {
		printf("Not seen, and not tried often enough: %" PRIu64 " of %" PRIu64 " %s.\n",
		       verify->tries, verify->needed, what);
		return EXIT_NOTHING_PASSED;
	}
	printf("Gone, at 95 %%: not seen in %" PRIu64 " %s.\n", verify->tries, what);
	return EXIT_CLEAN;
}

int run_verify(struct settings *settings, const struct invocation *invocation)
{
	struct verify verify = { 0 };
	int code = again_find(&verify.again, settings, invocation, "verify-fix");
	if (!code) {
		set_needed(&verify);
		again_print_title(&verify.again);
		print_begin(&verify);
		code = again_open(&verify.again, verify.basis != BASIS_TURNS);
	}
	if (!code) {
		take_tests(&verify);
		uint64_t tests =
			verify.basis == BASIS_TURNS && verify.test_count ? verify.test_count : 1;
		settings->iterations = (verify.needed + tests - 1) / tests; /* for who watches */
		code = again_hunt(&verify.again, &strategy, &verify);
		code = tell(&verify, code);
		verify.again.done.tries = verify.tries;
		verify.again.done.seen = verify.seen;
		verify.again.done.needed = verify.needed;
		code = again_close(&verify.again, code);
	}
	again_clear(&verify.again);
	return code;
}
