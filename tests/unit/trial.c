/* trial.c - the process of an iteration, as messages and records name it. */
#include "tests/unit/fixtures/records.h"

#include "runner/trial/trial.h"

static struct plan_test tests[] = { { .id = (char *)"t.py::test_a" } };

static struct trial *new_trial(void)
{
	struct trial_plan plan = { .test_count = 1 };
	plan.tests = xcalloc(1, sizeof *plan.tests);
	return trial_new(&plan, (struct replay_token){ 0, 0, 0, false, 0 }, 10, tests);
}

static void a_number_that_means_many_processes_is_no_process(void **state)
{
	(void)state;
	static const int64_t broken[] = { 0, 1, -1, -4711, (int64_t)INT32_MAX + 1, INT64_MIN };
	struct trial *trial = new_trial();
	for (size_t i = 0; i < sizeof broken / sizeof *broken; i++)
		assert_false(trial_started(trial, broken[i]));
	assert_false(trial_started(trial, getpid()));
	assert_int_equal(trial->pid, 0);
	assert_true(trial_started(trial, 4711));
	assert_int_equal(trial->pid, 4711);
	trial_free(trial);
}

static void records_of_no_process_start_nothing(void **state)
{
	(void)state;
	static const uint32_t broken[] = { 0, 1, UINT32_MAX, 0x80000001 };
	struct trial *trial = new_trial();
	for (size_t i = 0; i < sizeof broken / sizeof *broken; i++) {
		struct stream stream = { .pid = broken[i] };
		struct fts_test test = { .threads = 2 };
		stream_begin(&stream, FTS_REC_TEST_BEGIN);
		buf_add(&stream.bytes, &test, sizeof test);
		stream_end(&stream);
		trial_take(trial, (const uint8_t *)stream.bytes.data, stream.bytes.length);
		buf_free(&stream.bytes);
		assert_int_equal(trial->pid, 0);
		assert_int_equal(trial->begun, 0);
	}
	trial_free(trial);
}

static void put_ordered(struct stream *stream, uint32_t test)
{
	stream_begin(stream, FTS_REC_ORDERED);
	buf_puts(&stream->bytes, "the lock");
	stream_end(stream);
	((struct fts_record *)(void *)stream->bytes.data)->test = test;
}

static void a_pair_that_was_ordered_keeps_by_what(void **state)
{
	(void)state;
	static const uint32_t told[] = { 7, FTS_NO_TEST, 0 }; /* the first two are no test of it */
	struct trial *trial = new_trial();
	assert_true(trial_started(trial, 4711));
	for (size_t i = 0; i < sizeof told / sizeof *told; i++) {
		struct stream stream = { .pid = 4711 };
		assert_null(trial->ordered[0]);
		put_ordered(&stream, told[i]);
		trial_take(trial, (const uint8_t *)stream.bytes.data, stream.bytes.length);
		buf_free(&stream.bytes);
	}
	assert_string_equal(trial->ordered[0], "the lock");
	trial_free(trial);
}

static void a_thread_that_switched_the_gil_on_says_in_which_test(void **state)
{
	(void)state;
	struct trial *trial = new_trial();
	assert_true(trial_started(trial, 4711));
	/* Its ring is read first: that a test runs is not known yet. */
	struct stream stream = { .pid = 4711 };
	stream_begin(&stream, FTS_REC_GIL_ENABLED);
	buf_puts(&stream.bytes, "old");
	stream_end(&stream);
	trial_take(trial, (const uint8_t *)stream.bytes.data, stream.bytes.length);
	buf_free(&stream.bytes);
	assert_int_equal(trial->gil_for, 0);
	trial_free(trial);
}

int main(void)
{
	const struct CMUnitTest all[] = {
		cmocka_unit_test(a_number_that_means_many_processes_is_no_process),
		cmocka_unit_test(records_of_no_process_start_nothing),
		cmocka_unit_test(a_pair_that_was_ordered_keeps_by_what),
		cmocka_unit_test(a_thread_that_switched_the_gil_on_says_in_which_test),
	};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(all, NULL, NULL);
}
