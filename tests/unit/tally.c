/* tally.c - what of a run is done: which tests ran and how, and where the next run goes on. */
#include "runner/run/tally.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sqlite3.h>

#include "runner/base/util.h"
#include "runner/setup/options.h"

#include <cmocka.h>

enum { TESTS = 12, SLICE = 4, FIRST_SLICE = 3 };

struct bench {
	struct settings settings;
	struct plan_test tests[TESTS];
	char *ids[TESTS], *path;
	struct pool_options options;
	struct pool_result result;
	struct tally *tally;
};

static int set_up(void **state)
{
	struct bench *b = xcalloc(1, sizeof *b);
	static unsigned number;
	settings_init(&b->settings);
	b->settings.slice = SLICE;
	for (size_t i = 0; i < TESTS; i++) {
		b->ids[i] = xprintf("t.py::test_%c", (char)('a' + i));
		b->tests[i] = (struct plan_test){ .id = b->ids[i], .file = "t.py" };
	}
	b->path = xprintf("/tmp/ftstress-tally-%d-%u.db", (int)getpid(), ++number);
	struct pool_options *options = &b->options;
	*options = (struct pool_options){ .settings = &b->settings,
					  .tests = b->tests,
					  .test_count = TESTS,
					  .deck_tests = 7,
					  .start = { .first_slice = FIRST_SLICE } };
	assert_int_equal(store_open(b->path, &options->store), 0);
	struct store_run run = { .started = 1700000000, .options = (char *)"{}" };
	assert_int_equal(store_run_begin(options->store, &run, &options->run), 0);
	options->collator = collator_open(&(struct collate_options){ .suite = "suite",
								     .command = "ftstress",
								     .store = options->store,
								     .run = options->run });
	b->tally = tally_new(options, &b->result);
	*state = b;
	return 0;
}

static int tear_down(void **state)
{
	struct bench *b = *state;
	static const char *const suffixes[] = { "", "-wal", "-shm" };
	tally_free(b->tally);
	collator_close(b->options.collator);
	store_close(b->options.store);
	for (size_t i = 0; i < sizeof suffixes / sizeof *suffixes; i++) {
		char *path = xprintf("%s%s", b->path, suffixes[i]);
		unlink(path);
		free(path);
	}
	for (size_t i = 0; i < TESTS; i++)
		free(b->ids[i]);
	free(b->path);
	settings_clear(&b->settings);
	free(b);
	return 0;
}

/* Iteration `iteration` with these tests, "abc", of which each ended, in two threads. */
static struct trial *trial_of(struct bench *b, uint64_t iteration, const char *letters)
{
	struct trial_plan plan = { .iteration = iteration,
				   .threads = 2,
				   .schedule = SCHEDULE_OVERLAP,
				   .test_count = strlen(letters) };
	plan.tests = xcalloc(plan.test_count, sizeof *plan.tests);
	for (size_t i = 0; letters[i]; i++)
		plan.tests[i] = (size_t)(letters[i] - 'a');
	struct trial *trial = trial_new(
		&plan, (struct replay_token){ 1, iteration, iteration, false, 0 }, 10, b->tests);
	for (size_t i = 0; i < trial->count; i++) {
		trial->states[i] = TEST_ENDED;
		trial->outcomes[i] = FTS_OUTCOME_PASSED;
		trial->threads[i] = 2;
	}
	return trial;
}

static void done(struct bench *b, struct trial *trial)
{
	tally_tests(b->tally, trial);
	tally_trial(b->tally, trial);
	assert_int_equal(tally_store(b->tally, trial), 0);
	trial_free(trial);
}

static uint64_t deck(const struct bench *b)
{
	uint64_t next;
	assert_int_equal(store_deck(b->options.store, &next), 0);
	return next;
}

/* The letters of the tests that wait for the next deck. */
static const char *leftovers(const struct bench *b)
{
	static char letters[TESTS + 1];
	char **tests;
	size_t count;
	assert_int_equal(store_leftovers(b->options.store, &tests, &count), 0);
	assert_true(count <= TESTS);
	for (size_t i = 0; i < count; i++) {
		letters[i] = tests[i][strlen(tests[i]) - 1];
		free(tests[i]);
	}
	letters[count] = '\0';
	free(tests);
	return letters;
}

/* ---- where a run goes on ---- */

static void the_deck_moves_on_over_what_is_done_without_a_gap(void **state)
{
	struct bench *b = *state;
	static const struct {
		uint64_t iteration, slices_done;
	} steps[] = { { 0, 1 }, { 2, 1 }, { 4, 1 }, { 3, 1 }, { 1, 5 }, { 5, 6 } };
	for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
		done(b, trial_of(b, steps[i].iteration, "a"));
		assert_int_equal(deck(b), (FIRST_SLICE + steps[i].slices_done) * SLICE);
	}
	struct store_run run;
	bool found;
	assert_int_equal(store_run_get(b->options.store, 0, &run, &found), 0);
	assert_true(found);
	assert_int_equal(run.iterations_done, 6);
	store_run_clear(&run);
	assert_int_equal(b->result.iterations_done, 6);
}

static void a_run_that_is_taken_up_again_counts_from_where_it_was(void **state)
{
	struct bench *b = *state;
	tally_free(b->tally);
	b->options.first_iteration = 10;
	b->tally = tally_new(&b->options, &b->result);
	done(b, trial_of(b, 11, "a"));
	assert_int_equal(deck(b), (FIRST_SLICE + 10) * SLICE);
	done(b, trial_of(b, 10, "a"));
	assert_int_equal(deck(b), (FIRST_SLICE + 12) * SLICE);
	assert_int_equal(b->result.iterations_done, 2); /* of this process */
}

/* Iterations that take what was left over come in place of the slices before the first. */
static void leftovers_of_other_slices_do_not_move_the_deck_back(void **state)
{
	struct bench *b = *state;
	b->options.start.leftover_count = 2;
	done(b, trial_of(b, 0, "a"));
	assert_int_equal(deck(b), (FIRST_SLICE + 2) * SLICE);
	done(b, trial_of(b, 1, "a"));
	done(b, trial_of(b, 2, "a"));
	assert_int_equal(deck(b), (FIRST_SLICE + 3) * SLICE);
}

static void a_replay_and_the_gate_leave_the_deck_alone(void **state)
{
	struct bench *b = *state;
	b->settings.replay_given = true;
	done(b, trial_of(b, 0, "ab"));
	assert_int_equal(deck(b), 7);
	b->settings.replay_given = false;
	b->settings.gate = true;
	done(b, trial_of(b, 1, "ab"));
	assert_int_equal(deck(b), 7);
	assert_int_equal(b->result.iterations_done, 2);
}

static void a_check_is_no_iteration(void **state)
{
	struct bench *b = *state;
	for (int i = 0; i < 2; i++) {
		struct trial *trial = trial_of(b, 0, "ab");
		trial->check = i == 0;
		trial->as_written = i == 1;
		done(b, trial);
	}
	assert_int_equal(b->result.iterations_done, 0);
	assert_int_equal(b->result.tests_run, 0);
	assert_int_equal(deck(b), FIRST_SLICE * SLICE);
}

/* ---- what was left over ---- */

static void what_the_time_was_too_short_for_comes_in_the_next_deck(void **state)
{
	struct bench *b = *state;
	struct trial *trial = trial_of(b, 0, "abcd");
	trial->budget = BUDGET_LEAST;
	trial->states[1] = trial->states[3] = TEST_NOT_RUN;
	done(b, trial);
	assert_string_equal(leftovers(b), "bd");
	/* Until it has run. */
	done(b, trial_of(b, 1, "d"));
	assert_string_equal(leftovers(b), "b");
}

static void what_cannot_run_does_not_come_first_in_the_next_run(void **state)
{
	struct bench *b = *state;
	struct trial *trial = trial_of(b, 0, "ab"); /* there was time enough */
	trial->states[1] = TEST_NOT_RUN;
	done(b, trial);
	assert_string_equal(leftovers(b), "");
}

static void a_test_that_was_cut_off_at_the_end_is_settled(void **state)
{
	struct bench *b = *state;
	struct trial *trial = trial_of(b, 0, "abc");
	trial->killed = KILL_DURATION;
	trial->states[1] = TEST_BEGUN;
	trial->states[2] = TEST_NOT_RUN;
	done(b, trial);
	assert_string_equal(leftovers(b), "c");
	assert_int_equal(b->result.tests_run, 1);
	assert_int_equal(b->result.tests_cut, 1);
}

/* ---- counts ---- */

static void a_test_counts_once_as_a_test_and_each_time_as_a_run(void **state)
{
	struct bench *b = *state;
	done(b, trial_of(b, 0, "ab"));
	done(b, trial_of(b, 1, "bc"));
	assert_int_equal(b->result.tests_run, 4);
	assert_int_equal(b->result.tests_distinct, 3);
	struct trial *trial = trial_of(b, 2, "abcd");
	trial->states[0] = TEST_WAITING;
	trial->states[1] = TEST_NOT_RUN;
	trial->outcomes[3] = FTS_OUTCOME_SKIPPED;
	done(b, trial);
	trial = trial_of(b, 3, "d");
	trial->outcomes[0] = FTS_OUTCOME_SKIPPED;
	done(b, trial);
	assert_int_equal(b->result.tests_run, 5);
	assert_int_equal(b->result.tests_distinct, 3);
	assert_int_equal(b->result.tests_skipped, 1);
}

static void a_test_that_took_its_process_down_has_run(void **state)
{
	struct bench *b = *state;
	struct trial *trial = trial_of(b, 0, "ab");
	trial->states[0] = TEST_BEGUN;
	trial->killed = KILL_HANG;
	trial->states[1] = TEST_WAITING;
	tally_tests(b->tally, trial);
	assert_int_equal(b->result.tests_run, 1);
	assert_int_equal(b->result.tests_cut, 0);
	trial_free(trial);
}

static void what_is_apart_counts_as_tried_and_not_as_run(void **state)
{
	struct bench *b = *state;
	for (uint64_t iteration = 0; iteration < 2; iteration++) {
		struct trial *trial = trial_of(b, iteration, "abc");
		for (size_t i = 1; i < 3; i++) {
			trial->outcomes[i] = FTS_OUTCOME_APART;
			trial->threads[i] = 0;
		}
		done(b, trial);
	}
	assert_int_equal(b->result.tests_run, 2);
	assert_int_equal(b->result.tests_distinct, 3);
	assert_int_equal(b->result.tests_apart, 2);
	assert_int_equal(b->result.tests_threaded, 1);
}

static void threads_are_counted_by_how_they_ran(void **state)
{
	struct bench *b = *state;
	struct trial *trial = trial_of(b, 0, "abc");
	trial->threads[0] = 1;
	trial->threads[1] = 3;
	trial->threads[2] = 8;
	done(b, trial);
	assert_int_equal(b->result.tests_threaded, 2);
	assert_int_equal(b->result.tests_overlap, 2);
	assert_int_equal(b->result.tests_turns, 0);
	assert_int_equal(b->result.threads_least, 3);
	assert_int_equal(b->result.threads_most, 8);
	trial = trial_of(b, 1, "bd");
	trial->plan.schedule = SCHEDULE_TURNS;
	trial->plan.gil = true;
	done(b, trial);
	assert_int_equal(b->result.tests_threaded, 3);
	assert_int_equal(b->result.tests_overlap, 2);
	assert_int_equal(b->result.tests_turns, 2);
	assert_int_equal(b->result.threads_least, 2);
	assert_int_equal(b->result.iterations_gil_on, 1);
}

static void the_slowest_tests_come_first_each_once_with_its_longest_time(void **state)
{
	struct bench *b = *state;
	struct trial *trial = trial_of(b, 0, "abcdefgh");
	static const double seconds[] = { 0.5, 9, 2, 7, 3, 1, 0.99, 8 };
	memcpy(trial->seconds, seconds, sizeof seconds);
	done(b, trial);
	trial = trial_of(b, 1, "bc");
	trial->seconds[0] = 4;
	trial->seconds[1] = 10;
	done(b, trial);
	static const size_t order[SLOW_TESTS] = { 2, 1, 7, 3, 4 };
	for (int times = 0; times < 2; times++) { /* asked twice, it says the same */
		tally_slowest(b->tally);
		assert_int_equal(b->result.slow_count, SLOW_TESTS);
		for (size_t i = 0; i < SLOW_TESTS; i++)
			assert_int_equal(b->result.slow[i].test, order[i]);
	}
	assert_true(b->result.slow[0].seconds == 10 && b->result.slow[1].seconds == 9);
}

static void a_test_of_less_than_a_second_is_not_slow(void **state)
{
	struct bench *b = *state;
	struct trial *trial = trial_of(b, 0, "ab");
	trial->seconds[0] = 0.9;
	done(b, trial);
	tally_slowest(b->tally);
	assert_int_equal(b->result.slow_count, 0);
}

/* ---- the store ---- */

/* Somebody else does this to the file. */
static void to_the_file(const struct bench *b, const char *statement)
{
	sqlite3 *database;
	assert_int_equal(sqlite3_open(b->path, &database), SQLITE_OK);
	assert_int_equal(sqlite3_exec(database, statement, NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(database);
}

static void what_could_not_be_stored_is_told_once(void **state)
{
	struct bench *b = *state;
	to_the_file(b, "CREATE TRIGGER full BEFORE UPDATE ON runs "
		       "BEGIN SELECT RAISE(ABORT, 'no room'); END");
	struct trial *trial = trial_of(b, 0, "a");
	tally_trial(b->tally, trial);
	int saved = dup(STDERR_FILENO);
	assert_non_null(freopen("/dev/null", "w", stderr));
	int code = tally_store(b->tally, trial);
	fflush(stderr);
	dup2(saved, STDERR_FILENO);
	close(saved);
	to_the_file(b, "DROP TRIGGER full");
	int again = tally_store(b->tally, trial);
	trial_free(trial);
	assert_int_equal(code, EXIT_INTERNAL);
	assert_int_equal(again, 0);
	assert_true(b->result.store_failed);
	assert_int_equal(deck(b), 0); /* nothing more is stored */
}

int main(void)
{
#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(the_deck_moves_on_over_what_is_done_without_a_gap),
		TEST(a_run_that_is_taken_up_again_counts_from_where_it_was),
		TEST(leftovers_of_other_slices_do_not_move_the_deck_back),
		TEST(a_replay_and_the_gate_leave_the_deck_alone),
		TEST(a_check_is_no_iteration),
		TEST(what_the_time_was_too_short_for_comes_in_the_next_deck),
		TEST(what_cannot_run_does_not_come_first_in_the_next_run),
		TEST(a_test_that_was_cut_off_at_the_end_is_settled),
		TEST(a_test_counts_once_as_a_test_and_each_time_as_a_run),
		TEST(a_test_that_took_its_process_down_has_run),
		TEST(what_is_apart_counts_as_tried_and_not_as_run),
		TEST(threads_are_counted_by_how_they_ran),
		TEST(the_slowest_tests_come_first_each_once_with_its_longest_time),
		TEST(a_test_of_less_than_a_second_is_not_slow),
		TEST(what_could_not_be_stored_is_told_once),
	};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
