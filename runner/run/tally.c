/* tally.c - see tally.h. */
#include "runner/run/tally.h"

#include <stdlib.h>

#include "runner/base/util.h"
#include "runner/model/matrix.h"
#include "runner/run/hunt.h"

#define SEEN_RAN 1
#define SEEN_SKIPPED 2
#define SEEN_THREADED 4 /* in more than one thread */
#define SEEN_TURNS 8
#define SEEN_OVERLAP 16
#define SEEN_CUT 32 /* it was ended because the run's --duration was over */

#define SLOW_LEAST 1.0 /* seconds; a test that takes less is not among the slowest */

struct tally {
	const struct pool_options *options;
	struct pool_result *result;
	uint64_t watermark; /* all iterations below it are done */
	uint64_t *done;     /* iterations above it that are done, too */
	size_t done_count, done_capacity;
	uint8_t *seen;      /* for each test: SEEN_* */
	double *longest;    /* for each test: how long it took at most, seconds */
	const char **turns; /* tests that had one since the last time it was stored */
	size_t turn_count, turn_capacity;
};

struct tally *tally_new(const struct pool_options *options, struct pool_result *result)
{
	struct tally *tally = xcalloc(1, sizeof *tally);
	tally->options = options;
	tally->result = result;
	tally->watermark = options->first_iteration;
	tally->seen = xcalloc(options->test_count, 1);
	tally->longest = xcalloc(options->test_count, sizeof *tally->longest);
	if (options->settings->pairs)
		result->matrix = matrix_new();
	for (size_t i = 0; result->matrix && i < options->test_count; i++)
		matrix_test(result->matrix, options->tests[i].id, CELL_NOT_RUN);
	return tally;
}

void tally_free(struct tally *tally)
{
	free(tally->done);
	free(tally->seen);
	free(tally->longest);
	free(tally->turns);
	free(tally);
}

/* Sets the flag. True if it was not set before. */
static bool note_seen(uint8_t *seen, uint8_t flag)
{
	bool fresh = !(*seen & flag);
	*seen |= flag;
	return fresh;
}

/* Counts in how many threads the test ran, and whether these took turns. */
static void tally_threads(struct tally *tally, const struct trial *trial, size_t i)
{
	struct pool_result *result = tally->result;
	uint8_t *seen = &tally->seen[trial->tests[i]];
	unsigned threads = trial->threads[i];
	if (threads < 2)
		return;
	result->tests_threaded += note_seen(seen, SEEN_THREADED);
	if (trial->plan.schedule == SCHEDULE_OVERLAP)
		result->tests_overlap += note_seen(seen, SEEN_OVERLAP);
	else
		result->tests_turns += note_seen(seen, SEEN_TURNS);
	if (!result->threads_least || threads < result->threads_least)
		result->threads_least = threads;
	if (threads > result->threads_most)
		result->threads_most = threads;
}

static void take_time(struct tally *tally, size_t test, double seconds)
{
	if (seconds > tally->longest[test])
		tally->longest[test] = seconds;
}

static void take_cell(struct tally *tally, const struct trial *trial, size_t i,
		      enum cell_state state)
{
	if (!tally->result->matrix)
		return;
	matrix_test(tally->result->matrix, trial->ids[i], state);
	if (trial->ordered[i] && state == CELL_CLEAN)
		matrix_ordered(tally->result->matrix, trial->ids[i], trial->ordered[i]);
}

static enum cell_state cell_of(const struct trial *trial, size_t i)
{
	if (trial->states[i] != TEST_ENDED)
		return CELL_CLEAN; /* what ended it is a finding */
	return trial->outcomes[i] == FTS_OUTCOME_SKIPPED ? CELL_NOT_EXERCISED
	       : trial->outcomes[i] == FTS_OUTCOME_APART ? CELL_APART
							 : CELL_CLEAN;
}

/* Of an iteration of pairs in an ordinary run. */
static void take_pairs(struct tally *tally, const struct trial *trial)
{
	for (size_t i = 0; i < trial->count; i++) {
		if (trial->states[i] != TEST_ENDED && trial->states[i] != TEST_BEGUN)
			continue;
		enum cell_state cell = cell_of(trial, i);
		tally->result->pairs.run += cell != CELL_NOT_EXERCISED;
		take_cell(tally, trial, i, cell);
	}
}

/*
 * It had a turn, in which a finding of it could have come: what says later that one is gone. Not where the order
 * was chosen so that one comes; and of pairs there are too many.
 */
static void note_turn(struct tally *tally, size_t test)
{
	const struct settings *settings = tally->options->settings;
	if (tally->options->hunt && !hunt_counts(tally->options->hunt))
		return;
	if (!settings->replay_given && !settings->explore && !settings->pairs)
		ARRAY_PUSH(tally->turns, tally->turn_count, tally->turn_capacity,
			   tally->options->tests[test].id);
}

void tally_tests(struct tally *tally, const struct trial *trial)
{
	if (trial->pairs) {
		take_pairs(tally, trial);
		return;
	}
	for (size_t i = 0; trial_counts(trial) && i < trial->count; i++) {
		uint8_t *seen = &tally->seen[trial->tests[i]];
		if (trial->states[i] != TEST_ENDED && trial->states[i] != TEST_BEGUN)
			continue;
		take_time(tally, trial->tests[i], trial_seconds(trial, i));
		if (trial->states[i] == TEST_BEGUN && trial->killed == KILL_DURATION) {
			tally->result->tests_cut++;
			*seen |= SEEN_CUT;
			continue;
		}
		if (trial->states[i] == TEST_ENDED && trial->outcomes[i] == FTS_OUTCOME_SKIPPED) {
			tally->result->tests_skipped += note_seen(seen, SEEN_SKIPPED);
			take_cell(tally, trial, i, CELL_NOT_EXERCISED);
			continue;
		}
		enum cell_state cell = cell_of(trial, i);
		bool fresh = note_seen(seen, SEEN_RAN);
		tally->result->tests_run += cell != CELL_APART;
		note_turn(tally, trial->tests[i]);
		tally->result->tests_distinct += fresh;
		tally->result->tests_apart += fresh && cell == CELL_APART;
		tally_threads(tally, trial, i);
		take_cell(tally, trial, i, cell);
	}
}

/*
 * Puts the test at its place in the list of the slowest. If there are too many, the last one drops
 * out.
 */
static void offer(struct pool_result *result, struct slow_test slow)
{
	size_t at = result->slow_count;
	while (at && result->slow[at - 1].seconds < slow.seconds)
		at--;
	if (at == SLOW_TESTS)
		return;
	result->slow_count += result->slow_count < SLOW_TESTS;
	for (size_t i = result->slow_count - 1; i > at; i--)
		result->slow[i] = result->slow[i - 1];
	result->slow[at] = slow;
}

void tally_slowest(struct tally *tally)
{
	tally->result->slow_count = 0;
	for (size_t i = 0; i < tally->options->test_count; i++)
		if (tally->longest[i] >= SLOW_LEAST)
			offer(tally->result, (struct slow_test){ i, tally->longest[i] });
}

/* Marks the iteration as done, and moves the watermark on over all that are done. */
static void mark_done(struct tally *tally, uint64_t iteration)
{
	ARRAY_PUSH(tally->done, tally->done_count, tally->done_capacity, iteration);
	for (size_t i = 0; i < tally->done_count;) {
		if (tally->done[i] != tally->watermark) {
			i++;
			continue;
		}
		tally->watermark++;
		tally->done[i] = tally->done[--tally->done_count];
		i = 0;
	}
}

void tally_trial(struct tally *tally, const struct trial *trial)
{
	if (!trial_counts(trial) || trial->pairs)
		return;
	tally->result->iterations_done++;
	tally->result->iterations_gil_on += trial->plan.gil;
	mark_done(tally, trial->plan.iteration);
}

/* The position in the deck, as a number of tests. */
static uint64_t deck_position(const struct tally *tally)
{
	const struct pool_options *options = tally->options;
	uint64_t iterations = tally->watermark;
	if (options->settings->replay_given || options->settings->gate ||
	    options->settings->explore || options->hunt)
		return options->deck_tests;
	if (iterations < options->start.leftover_count)
		iterations = options->start.leftover_count;
	return (options->start.first_slice + iterations) * options->settings->slice;
}

int tally_store(struct tally *tally, const struct trial *trial)
{
	const struct pool_options *options = tally->options;
	if (tally->result->store_failed)
		return 0;
	const char **ran = xcalloc(trial ? trial->plan.test_count : 0, sizeof *ran);
	const char **left = xcalloc(trial ? trial->plan.test_count : 0, sizeof *left);
	struct store_iteration iteration = { .run = options->run,
					     .iterations_done = tally->watermark,
					     .next_slice = deck_position(tally),
					     .leftovers = left,
					     .ran = ran };
	/*
	 * A test is left over only if there was no time for it. One that can't be imported, say,
	 * can't be in the next run either, and need not come first there.
	 */
	bool late = trial && (trial->budget <= BUDGET_LEAST || trial->killed == KILL_DURATION);
	bool dealt = !options->settings->replay_given && !options->settings->gate &&
		     !options->settings->explore && !options->hunt && !(trial && trial->pairs);
	for (size_t i = 0; dealt && trial && trial_counts(trial) && i < trial->plan.test_count;
	     i++) {
		size_t test = trial->plan.tests[i];
		if (tally->seen[test] || !late)
			ran[iteration.ran_count++] = options->tests[test].id;
		else
			left[iteration.leftover_count++] = options->tests[test].id;
	}
	iteration.occurrences =
		collator_occurrences(options->collator, &iteration.occurrence_count);
	for (size_t i = 0; tally->result->matrix && i < iteration.occurrence_count; i++)
		if (iteration.occurrences[i].test)
			matrix_finding(tally->result->matrix, iteration.occurrences[i].test,
				       iteration.occurrences[i].finding);
	iteration.turns = tally->turns;
	iteration.turn_count = tally->turn_count;
	int code = store_iteration(options->store, &iteration);
	if (!code)
		collator_occurrences_done(options->collator);
	tally->turn_count = 0;
	tally->result->store_failed = code != 0;
	free(ran);
	free(left);
	return code;
}
