/* unwind.c - native stacks taken from outside. The program is fixtures/unwind_native.c. */
#include "tests/unit/fixtures/program.h"

#include <signal.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>

static char *fixture;

static int build(void **state)
{
	(void)state;
	fixture = program_build(
		"-O2 -fomit-frame-pointer -fno-optimize-sibling-calls -fno-inline -pthread",
		"tests/unit/fixtures/unwind_native.c");
	return fixture ? 0 : -1;
}

static int remove_fixture(void **state)
{
	(void)state;
	program_remove(fixture);
	return 0;
}

/* The thread that is not the main one, or NULL. */
static const struct captured_thread *other_thread(const struct capture *capture)
{
	for (size_t i = 0; i < capture->count; i++)
		if (capture->threads[i].tid != capture->pid)
			return &capture->threads[i];
	return NULL;
}

static bool in_system_call(const struct captured_thread *thread, long number)
{
	return thread && thread->stopped && thread->syscall == number;
}

static bool all_wait(const struct capture *capture)
{
	size_t waiting = 0;
	for (size_t i = 0; i < capture->count; i++)
		waiting += in_system_call(&capture->threads[i], SYS_futex);
	return waiting + 1 == capture->count && waiting > 0;
}

static bool is_in(const struct program *program, const struct captured_frame *frame,
		  const char *function)
{
	return frame->kind == CAPTURED_NATIVE && program_is_in(program, frame->pc - 1, function);
}

static size_t find(const struct program *program, const struct captured_thread *thread,
		   const char *function, size_t from)
{
	while (from < thread->count && !is_in(program, &thread->frames[from], function))
		from++;
	return from;
}

static const char *const chain[] = { "innermost", "third",     "second",
				     "first",     "recursion", "thread_main" };
#define CHAIN (sizeof chain / sizeof *chain)

static void assert_chain(const struct program *program, const struct captured_thread *thread,
			 size_t length)
{
	size_t at = find(program, thread, chain[0], 0);
	assert_in_range(at, 1, 2); /* below it: syscall() of libc */
	for (size_t i = 0; i < length; i++)
		assert_true(at + i < thread->count &&
			    is_in(program, &thread->frames[at + i], chain[i]));
	assert_true(thread->complete);
}

static void every_frame_is_found_without_frame_pointers(void **state)
{
	(void)state;
	struct capture capture;
	struct program program = program_start(fixture, "wait", NULL);
	program_capture(&program, &capture, all_wait);
	assert_int_equal(capture.count, 4);
	for (size_t i = 0; i < capture.count; i++) {
		const struct captured_thread *thread = &capture.threads[i];
		assert_false(thread->python || thread->sanitizer || thread->crashed ||
			     thread->busy);
		assert_true(thread->frames[0].exact);
		assert_false(thread->frames[1].exact);
		if (thread->tid == capture.pid) {
			assert_true(find(&program, thread, "main", 0) < thread->count);
			assert_string_equal(capture_syscall_name(thread->syscall), "read");
			assert_int_equal(thread->arguments[0], 0);
		} else {
			assert_chain(&program, thread, CHAIN);
			assert_int_equal(thread->arguments[1], 128); /* FUTEX_WAIT_PRIVATE */
		}
	}
	assert_null(capture.release);
	capture_clear(&capture);
	program_end(&program);
}

static void a_frame_has_its_module_build_id_and_offset(void **state)
{
	(void)state;
	struct capture capture;
	struct program program = program_start(fixture, "wait", NULL);
	program_capture(&program, &capture, all_wait);
	const struct captured_thread *thread = other_thread(&capture);
	const struct captured_frame *frame = &thread->frames[find(&program, thread, "second", 0)];
	assert_string_equal(frame->module->path, fixture);
	assert_int_equal(frame->module->build_id_length, 20);
	assert_int_equal(frame->offset + frame->module->bias, frame->pc);
	assert_true(frame->pc >= frame->module->low && frame->pc < frame->module->high);
	capture_clear(&capture);
	program_end(&program);
}

static void a_capture_says_that_there_is_no_python(void **state)
{
	(void)state;
	struct capture capture;
	char *why;
	struct program program = program_start(fixture, "wait", NULL);
	assert_int_equal(capture_process(program.pid, &capture, &why), 0);
	assert_non_null(strstr(why, "no Python"));
	free(why);
	capture_clear(&capture);
	program_end(&program);
}

static bool is_deep(const struct capture *capture)
{
	return in_system_call(other_thread(capture), SYS_futex);
}

static void deep_recursion_keeps_both_ends(void **state)
{
	(void)state;
	struct capture capture;
	struct program program = program_start(fixture, "deep", NULL);
	program_capture(&program, &capture, is_deep);
	const struct captured_thread *thread = other_thread(&capture);
	assert_int_equal(thread->count, CAPTURE_INNERMOST + 1 + CAPTURE_OUTERMOST);
	assert_int_equal(thread->frames[CAPTURE_INNERMOST].kind, CAPTURED_GAP);
	assert_in_range(thread->frames[CAPTURE_INNERMOST].omitted, 49000, 50000);
	assert_chain(&program, thread, CHAIN - 1);
	size_t outermost = find(&program, thread, "thread_main", 0);
	assert_in_range(outermost, thread->count - 4, thread->count - 1);
	assert_true(thread->complete);
	capture_clear(&capture);
	program_end(&program);
}

static bool is_busy(const struct capture *capture)
{
	const struct captured_thread *thread = other_thread(capture);
	return thread && thread->busy;
}

static void a_thread_that_spins_is_told_from_one_that_waits(void **state)
{
	(void)state;
	struct capture capture;
	struct program program = program_start(fixture, "spin", NULL);
	program_capture(&program, &capture, is_busy);
	const struct captured_thread *thread = other_thread(&capture);
	assert_true(is_in(&program, &thread->frames[0], "spin"));
	assert_int_equal(thread->syscall, -1);
	assert_int_equal(thread->state, 'R');
	assert_false(capture.threads[0].busy);
	assert_int_equal(capture.threads[0].state, 'S');
	capture_clear(&capture);
	program_end(&program);
}

static bool one_is_unstoppable(const struct capture *capture)
{
	const struct captured_thread *thread = other_thread(capture);
	return thread && !thread->stopped;
}

static void a_thread_in_vfork_does_not_hold_up_the_others(void **state)
{
	(void)state;
	struct capture capture;
	struct program program = program_start(fixture, "vfork", NULL);
	program_capture(&program, &capture, one_is_unstoppable);
	assert_in_range((long)capture.milliseconds, 900, 2500);
	assert_true(capture.threads[0].stopped);
	assert_true(find(&program, &capture.threads[0], "main", 0) < capture.threads[0].count);
	assert_int_equal(other_thread(&capture)->count, 0);
	capture_clear(&capture);
	program_end(&program);
}

static void the_process_runs_on_after_many_captures(void **state)
{
	(void)state;
	struct program program = program_start(fixture, "wait", NULL);
	for (int i = 0; i < 10; i++) {
		struct capture capture;
		program_capture(&program, &capture, all_wait);
		capture_clear(&capture);
	}
	/* It ends by itself, with success, when its input does. */
	assert_int_equal(program_end(&program), 0);
}

static void a_process_that_is_gone_is_told(void **state)
{
	(void)state;
	struct capture capture;
	char *why;
	struct program program = program_start(fixture, "wait", NULL);
	program_end(&program);
	assert_int_equal(capture_process(program.pid, &capture, &why), -1);
	assert_non_null(strstr(why, "is gone"));
	assert_int_equal(capture.count, 0);
	free(why);
}

static void the_exit_of_a_child_is_left_to_its_parent(void **state)
{
	(void)state;
	struct capture capture;
	char *why;
	int status = 0;
	struct program program = program_start(fixture, "wait", NULL);
	kill(program.pid, SIGKILL);
	capture_process(program.pid, &capture, &why);
	free(why);
	capture_clear(&capture);
	assert_int_equal(waitpid(program.pid, &status, 0), program.pid);
	assert_int_equal(status, SIGKILL);
	program.pid = 0;
	program_end(&program);
}

static void a_process_that_is_traced_already_is_told(void **state)
{
	(void)state;
	struct capture capture;
	char *why;
	struct program program = program_start(fixture, "wait", NULL);
	assert_int_equal(ptrace(PTRACE_SEIZE, program.pid, NULL, NULL), 0);
	assert_int_equal(capture_process(program.pid, &capture, &why), -1);
	assert_non_null(strstr(why, "already traced by process"));
	free(why);
	kill(program.pid, SIGKILL);
	program_end(&program);
}

static void the_probe_says_that_this_machine_can_do_it(void **state)
{
	(void)state;
	char *why = capture_probe();
	if (why)
		print_message("# %s\n", why);
	assert_null(why);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_frame_is_found_without_frame_pointers),
		cmocka_unit_test(a_frame_has_its_module_build_id_and_offset),
		cmocka_unit_test(a_capture_says_that_there_is_no_python),
		cmocka_unit_test(deep_recursion_keeps_both_ends),
		cmocka_unit_test(a_thread_that_spins_is_told_from_one_that_waits),
		cmocka_unit_test(a_thread_in_vfork_does_not_hold_up_the_others),
		cmocka_unit_test(the_process_runs_on_after_many_captures),
		cmocka_unit_test(a_process_that_is_gone_is_told),
		cmocka_unit_test(the_exit_of_a_child_is_left_to_its_parent),
		cmocka_unit_test(a_process_that_is_traced_already_is_told),
		cmocka_unit_test(the_probe_says_that_this_machine_can_do_it),
	};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, build, remove_fixture);
}
