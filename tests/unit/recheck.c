/* recheck.c - races that came with the order as meant are tried with the order as written. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "runner/run/recheck.h"
#include "runner/base/util.h"

/* Last: it defines a macro of the name of util.h's fail(). */
#include <cmocka.h>

static const struct plan_test tests[] = { { .id = "a.py::one", .file = "a.py" },
					  { .id = "a.py::two", .file = "a.py" } };

struct bench {
	char folder[32];
	char *path; /* of the store */
	struct store *store;
	int64_t run;
	struct collator *findings, *own;
	struct recheck *recheck;
};

static void bench_open(struct bench *b, double total)
{
	struct store_run run = { .seed = 1 };
	assert_int_equal(store_open(b->path, &b->store), 0);
	assert_int_equal(store_run_begin(b->store, &run, &b->run), 0);
	b->findings = collator_open(
		&(struct collate_options){ .suite = "s", .store = b->store, .run = b->run });
	b->own = collator_open(&(struct collate_options){ .suite = "s" });
	b->recheck = recheck_new(&(struct recheck_options){ .tests = tests,
							    .test_count = 2,
							    .findings = b->findings,
							    .own = b->own,
							    .threads = 8,
							    .switch_interval = 1e-5,
							    .total = total });
}

static void bench_close(struct bench *b)
{
	recheck_free(b->recheck);
	collator_close(b->own);
	collator_close(b->findings);
	store_close(b->store);
}

static struct bench bench_start(double total)
{
	struct bench b = { .folder = "/tmp/ftstress-recheck-XXXXXX" };
	assert_non_null(mkdtemp(b.folder));
	b.path = xprintf("%s/s.db", b.folder);
	bench_open(&b, total);
	return b;
}

static void bench_end(struct bench *b)
{
	bench_close(b);
	char *command = xprintf("rm -r %s", b->folder);
	assert_int_equal(system(command), 0); /* NOLINT: our own folder */
	free(command);
	free(b->path);
}

/* `collator` sees a finding of the kind, which is part of the id, while `test` runs. */
static void see(struct collator *collator, enum finding_kind kind, const char *id, const char *test,
		bool gil)
{
	struct iteration_context context = {
		.replay = "1.0.0", .gil = gil, .tests = &test, .test_count = 1
	};
	struct finding finding = { .kind = kind, .id = xstrdup(id), .title = xstrdup(id) };
	collator_add(collator, &context, &finding);
}

static void race(struct collator *collator, const char *id, const char *test)
{
	see(collator, FINDING_DATA_RACE, id, test, false);
}

/* Stores what the run has, as the pool does after each iteration. */
static void store(struct bench *b)
{
	struct store_iteration iteration = { .run = b->run };
	iteration.occurrences = collator_occurrences(b->findings, &iteration.occurrence_count);
	assert_int_equal(store_iteration(b->store, &iteration), 0);
	collator_occurrences_done(b->findings);
}

static const struct finding *found(const struct bench *b, const char *id)
{
	size_t count;
	const struct finding *const *all = collator_findings(b->findings, &count);
	for (size_t i = 0; i < count; i++)
		if (!strcmp(all[i]->id, id))
			return all[i];
	fail_msg("no finding %s", id);
	return NULL;
}

/* The next trial ends, having shown `id` (or nothing, NULL). Returns false if there was none. */
static bool run_one(struct bench *b, const char *test, const char *id, bool whole)
{
	struct trial *trial = recheck_next(b->recheck);
	if (!trial)
		return false;
	assert_string_equal(trial->ids[0], test);
	if (id)
		race(b->own, id, test);
	trial->states[0] = whole ? TEST_ENDED : TEST_BEGUN;
	recheck_take(b->recheck, trial);
	trial_free(trial);
	return true;
}

static void a_new_race_is_tried_in_overlapping_runs_of_its_test(void **state)
{
	(void)state;
	struct bench b = bench_start(60);
	race(b.findings, "data-race-000000000001", tests[1].id);
	struct trial *trial = recheck_next(b.recheck);
	assert_non_null(trial);
	assert_true(trial->as_written && !trial_counts(trial));
	assert_int_equal(trial->plan.schedule, SCHEDULE_OVERLAP);
	assert_false(trial->plan.gil);
	assert_int_equal(trial->plan.threads, 8);
	assert_int_equal(trial->count, 1);
	assert_string_equal(trial->ids[0], tests[1].id);
	uint32_t seed = trial->plan.seed;
	trial_free(trial);
	trial = recheck_next(b.recheck);
	assert_int_not_equal(trial->plan.seed, seed);
	trial_free(trial);
	trial_free(recheck_next(b.recheck));
	assert_null(recheck_next(b.recheck));
	bench_end(&b);
}

static void a_finding_says_how_many_of_its_runs_showed_it(void **state)
{
	(void)state;
	struct bench b = bench_start(60);
	race(b.findings, "data-race-000000000001", tests[0].id);
	race(b.findings, "data-race-000000000002", tests[0].id); /* they share the runs */
	race(b.findings, "data-race-000000000003", tests[1].id);
	store(&b);
	/* In turn, so that each has had one run when the time is over. */
	assert_true(run_one(&b, tests[0].id, "data-race-000000000001", true));
	assert_true(run_one(&b, tests[1].id, "data-race-000000000001", true)); /* another's test */
	assert_true(run_one(&b, tests[0].id, NULL, true));
	assert_true(run_one(&b, tests[1].id, NULL, true));
	assert_true(run_one(&b, tests[0].id, "data-race-000000000001", true));
	assert_true(run_one(&b, tests[1].id, NULL, true));
	assert_false(run_one(&b, "", NULL, true));
	assert_int_equal(recheck_tell(b.recheck, b.store), 0);
	assert_int_equal(found(&b, "data-race-000000000001")->as_written_seen, 2);
	assert_int_equal(found(&b, "data-race-000000000001")->as_written_runs, 3);
	assert_int_equal(found(&b, "data-race-000000000002")->as_written_seen, 0);
	assert_int_equal(found(&b, "data-race-000000000002")->as_written_runs, 3);
	assert_int_equal(found(&b, "data-race-000000000003")->as_written_seen, 0);
	size_t notes;
	collator_notes(b.findings, &notes);
	assert_int_equal(notes, 0);
	/* Nothing of these runs is counted, and a later run still knows the answer. */
	assert_int_equal(found(&b, "data-race-000000000001")->run_count, 1);
	bench_close(&b);
	bench_open(&b, 60);
	race(b.findings, "data-race-000000000001", tests[0].id);
	assert_int_equal(found(&b, "data-race-000000000001")->as_written_runs, 3);
	assert_int_equal(found(&b, "data-race-000000000001")->as_written_seen, 2);
	bench_end(&b);
}

static void only_new_data_races_that_come_without_the_gil_are_tried(void **state)
{
	(void)state;
	struct bench b = bench_start(60);
	race(b.findings, "data-race-000000000001", tests[0].id);
	store(&b);
	bench_close(&b);
	bench_open(&b, 60);
	race(b.findings, "data-race-000000000001", tests[0].id); /* known */
	see(b.findings, FINDING_CRASH, "crash-000000000001", tests[0].id, false);
	see(b.findings, FINDING_DATA_RACE, "data-race-000000000002", tests[0].id, true);
	race(b.findings, "data-race-000000000003", "of another suite");
	assert_null(recheck_next(b.recheck));
	bench_end(&b);
}

static void a_run_that_was_cut_off_counts_only_if_it_showed_the_race(void **state)
{
	(void)state;
	struct bench b = bench_start(60);
	race(b.findings, "data-race-000000000001", tests[0].id);
	store(&b);
	run_one(&b, tests[0].id, NULL, false);
	run_one(&b, tests[0].id, "data-race-000000000001", false);
	run_one(&b, tests[0].id, NULL, false);
	assert_false(run_one(&b, "", NULL, true)); /* no run in place of it: it would go as long */
	assert_int_equal(recheck_tell(b.recheck, b.store), 0);
	assert_int_equal(found(&b, "data-race-000000000001")->as_written_runs, 1);
	assert_int_equal(found(&b, "data-race-000000000001")->as_written_seen, 1);
	bench_end(&b);
}

static void what_was_not_tried_for_lack_of_time_is_told(void **state)
{
	(void)state;
	struct bench b = bench_start(0);
	race(b.findings, "data-race-000000000001", tests[0].id);
	store(&b);
	assert_null(recheck_next(b.recheck));
	assert_int_equal(recheck_tell(b.recheck, b.store), 0);
	assert_int_equal(found(&b, "data-race-000000000001")->as_written_runs, 0);
	size_t count;
	const char *const *notes = collator_notes(b.findings, &count);
	assert_int_equal(count, 1);
	assert_non_null(strstr(notes[0], "1 of 1 new data races were not tried"));
	bench_end(&b);
}

static void in_a_run_with_the_order_as_written_every_race_shows_so(void **state)
{
	(void)state;
	struct collator *collator =
		collator_open(&(struct collate_options){ .suite = "s", .as_written = true });
	race(collator, "data-race-000000000001", tests[0].id);
	race(collator, "data-race-000000000001", tests[0].id);
	size_t count;
	const struct finding *const *all = collator_findings(collator, &count);
	assert_int_equal(all[0]->as_written_runs, 1);
	assert_int_equal(all[0]->as_written_seen, 1);
	collator_close(collator);
}

int main(void)
{
	const struct CMUnitTest all[] = {
		cmocka_unit_test(a_new_race_is_tried_in_overlapping_runs_of_its_test),
		cmocka_unit_test(a_finding_says_how_many_of_its_runs_showed_it),
		cmocka_unit_test(only_new_data_races_that_come_without_the_gil_are_tried),
		cmocka_unit_test(a_run_that_was_cut_off_counts_only_if_it_showed_the_race),
		cmocka_unit_test(what_was_not_tried_for_lack_of_time_is_told),
		cmocka_unit_test(in_a_run_with_the_order_as_written_every_race_shows_so),
	};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(all, NULL, NULL);
}
