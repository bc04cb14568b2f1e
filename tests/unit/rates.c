/* rates.c - how often ordinary runs show a finding. */
/* Before cmocka, whose fail() is a macro. */
#include "runner/base/util.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "runner/run/fixed.h"
#include "runner/run/rates.h"

static char path[] = "/tmp/ftstress-rates-XXXXXX";

/* A run in which t.py had so many turns, and the finding came in so many of them. */
static int64_t run(struct store *store, const struct finding *finding, unsigned turns,
		   unsigned seen)
{
	char *settings[] = { (char *)"schedule", (char *)"mixed" };
	const struct run_info info = { .settings = settings, .setting_count = 1 };
	const struct store_run begun = { .started = 1700000000 };
	int64_t id;
	assert_int_equal(store_run_begin(store, &begun, &id), 0);
	for (unsigned i = 0; i < turns; i++) {
		const char *const had[] = { "t.py" };
		char *token = xprintf("a.%u.%u", i, i);
		struct occurrence one = { finding, 1, token, "t.py", 1700000000 };
		const struct store_iteration iteration = { .run = id,
							   .iterations_done = i + 1,
							   .occurrences = &one,
							   .occurrence_count = i < seen,
							   .turns = had,
							   .turn_count = 1 };
		assert_int_equal(store_iteration(store, &iteration), 0);
		free(token);
	}
	assert_int_equal(store_run_end(store, id, RUN_FINISHED, &info), 0);
	return id;
}

static void a_rate_is_of_all_runs_and_what_was_gone_is_back(void **state)
{
	(void)state;
	struct store *store;
	const struct finding finding = { .id = (char *)"data-race-000000000001" };
	const struct finding hidden = { .id = (char *)"data-race-000000000002",
					.status = STATUS_SUPPRESSED };
	const struct finding *const list[] = { &hidden, &finding };
	assert_int_equal(store_open(path, &store), 0);

	struct finding_rate *rates = rates_of(store, run(store, &finding, 4, 2), "000a", list, 2);
	assert_non_null(rates);
	assert_int_equal(rates[0].turns, 0);
	assert_int_equal(rates[1].seen, 2);
	assert_int_equal(rates[1].turns, 4);
	assert_true(rates[1].low > 0.1 && rates[1].high < 0.9);
	assert_false(rates[1].back);
	/* The iterations of the run's own plan. */
	assert_int_equal(rates[1].iteration_count, 2);
	assert_int_equal(rates[1].iterations[0], 0);
	assert_int_equal(rates[1].iterations[1], 1);
	assert_int_equal(rates[0].iteration_count, 0);
	rates_free(rates, 2);

	run(store, &finding, 40, 0); /* by then it counts as fixed */
	rates = rates_of(store, run(store, &finding, 3, 1), "b", list, 2);
	assert_non_null(rates);
	assert_int_equal(rates[1].seen, 1); /* since it is back */
	assert_int_equal(rates[1].turns, 3);
	assert_true(rates[1].back);
	assert_int_equal(rates[1].iteration_count, 0); /* another plan's */
	rates_free(rates, 2);

	/* a run that counted none, as one of pairs */
	assert_null(rates_of(store, run(store, &finding, 0, 0), "a", list, 2));
	store_close(store);
}

/* The store of the test before, in which one finding had come back. */
static void what_enough_runs_have_not_is_fixed(void **state)
{
	(void)state;
	struct store *store;
	const struct finding finding = { .id = (char *)"data-race-000000000003",
					 .title = (char *)"it" };
	size_t count;
	assert_int_equal(store_open(path, &store), 0);
	int64_t last = run(store, &finding, 4, 2);
	assert_null(fixed_of(store, last, &count));
	assert_int_equal(count, 0);
	/* It is gone, and that is not enough to be sure. */
	assert_null(fixed_of(store, run(store, &finding, 1, 0), &count));
	last = run(store, &finding, 200, 0);
	struct report_fixed *fixed = fixed_of(store, last, &count);
	assert_int_equal(count, 2); /* the one of the test before, too */
	assert_true(!strcmp(fixed[0].title, "it") || !strcmp(fixed[1].title, "it"));
	assert_int_equal(fixed[0].findings, 1);
	assert_int_equal(fixed[0].last_seen, 1700000000);
	assert_non_null(strstr(fixed[0].why, "It is fixed, at 95 %"));
	fixed_free(fixed, count);
	store_close(store);
}

static int make_path(void **state)
{
	(void)state;
	int file = mkstemp(path);
	return file < 0 ? -1 : close(file);
}

static int remove_path(void **state)
{
	(void)state;
	char *more[] = { xprintf("%s-wal", path), xprintf("%s-shm", path) };
	for (size_t i = 0; i < 2; i++) {
		unlink(more[i]);
		free(more[i]);
	}
	return unlink(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_rate_is_of_all_runs_and_what_was_gone_is_back),
		cmocka_unit_test(what_enough_runs_have_not_is_fixed),
	};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, make_path, remove_path);
}
