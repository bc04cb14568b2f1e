/*
 * unwind_python.c - Python and native frames of a real interpreter, merged. The program is
 * fixtures/unwind_threads.py; it runs on every interpreter in ftstress's cache of a release that it knows, and
 * on those in FTSTRESS_TEST_PYTHONS (paths, separated by blanks).
 */
#include "tests/unit/fixtures/program.h"

#include "runner/inspect/pyframes.h"
#include "tests/unit/fixtures/interpreters.h"

#define SCRIPT "tests/unit/fixtures/unwind_threads.py"
#define THREADS 8

/* A thread is known by the function that it was started with; its stack, innermost first. */
static const char *const expected[THREADS][4] = {
	{ "lock_taker.<locals>.inner", "lock_taker" },
	{ "sleeper" },
	{ "key", "sorter" },
	{ "getter" },
	{ "Counter.wait_éß漢", "Counter.run.<locals>.<lambda>", "Counter.run" },
	{ "compare", "c_sorter" },
	{ "generator", "consumer.<locals>.<genexpr>", "consumer" },
	{ "recurser" },
};

static char **interpreters;
static size_t interpreter_count;

static int find_interpreters(void **state)
{
	(void)state;
	interpreters = interpreters_find(&interpreter_count);
	size_t capacity = interpreter_count;
	char *more = xstrdup(getenv("FTSTRESS_TEST_PYTHONS")), *rest = NULL;
	for (char *path = more ? strtok_r(more, " ", &rest) : NULL; path;
	     path = strtok_r(NULL, " ", &rest))
		ARRAY_PUSH(interpreters, interpreter_count, capacity, xstrdup(path));
	free(more);
	setenv("TSAN_OPTIONS", "handle_segv=0 report_bugs=0 exitcode=0", 1);
	return 0;
}

static int forget_interpreters(void **state)
{
	(void)state;
	for (size_t i = 0; i < interpreter_count; i++)
		free(interpreters[i]);
	free(interpreters);
	return 0;
}

/* The line of the script that carries a mark, 0 = none does. */
static int marked_line(const char *name)
{
	char *text = read_file(SCRIPT, NULL), *mark = xprintf("# at: %s\n", name);
	char *at = text ? strstr(text, mark) : NULL;
	int line = at ? 1 : 0;
	for (char *c = text; at && c < at; c++)
		line += *c == '\n';
	free(mark);
	free(text);
	return line;
}

static bool is_python(const struct captured_frame *frame, const char *name)
{
	return frame->kind == CAPTURED_PYTHON && !strcmp(frame->qualname, name);
}

static size_t find_python_frame(const struct captured_thread *thread, const char *name, size_t from)
{
	while (from < thread->count && !is_python(&thread->frames[from], name))
		from++;
	return from;
}

static const char *started_with(size_t index)
{
	size_t last = 0;
	while (last + 1 < 4 && expected[index][last + 1])
		last++;
	return expected[index][last];
}

static const struct captured_thread *thread_of(const struct capture *capture, size_t index)
{
	for (size_t i = 0; i < capture->count; i++)
		if (find_python_frame(&capture->threads[i], started_with(index), 0) <
		    capture->threads[i].count)
			return &capture->threads[i];
	return NULL;
}

/* All stand still, and where they are meant to: the mark is on the innermost line of the script. */
static bool all_there(const struct capture *capture)
{
	for (size_t i = 0; i < THREADS; i++) {
		const struct captured_thread *thread = thread_of(capture, i);
		if (!thread || thread->syscall < 0)
			return false;
		if (find_python_frame(thread, expected[i][0], 0) == thread->count)
			return false;
	}
	return true;
}

static void assert_thread(const struct captured_thread *thread, const char *const names[4])
{
	size_t at = 0;
	assert_true(thread->python && thread->complete);
	for (size_t i = 0; i < 4 && names[i]; i++) {
		at = find_python_frame(thread, names[i], at);
		assert_true(at < thread->count);
		const struct captured_frame *frame = &thread->frames[at];
		int line = marked_line(names[i]);
		if (line && frame->line != line)
			print_message("# %s: line %d, not %d\n", names[i], frame->line, line);
		assert_true(line == 0 || frame->line == line);
		assert_true(frame->file && strstr(frame->file, SCRIPT)); /* absolute or not */
	}
	/* Nothing is left over: the thread's native start comes last. */
	assert_int_equal(thread->frames[thread->count - 1].kind, CAPTURED_NATIVE);
	assert_true(find_python_frame(thread, "Thread._bootstrap", at) < thread->count - 1);
}

/* Are there native frames of the module between two Python frames? */
static void assert_native_between(const struct captured_thread *thread, const char *inner,
				  const char *outer, const char *module)
{
	bool seen = false;
	size_t from = find_python_frame(thread, inner, 0),
	       to = find_python_frame(thread, outer, from);
	assert_true(to < thread->count);
	for (size_t i = from + 1; i < to; i++) {
		assert_int_equal(thread->frames[i].kind, CAPTURED_NATIVE);
		seen = seen ||
		       (thread->frames[i].module && strstr(thread->frames[i].module->path, module));
	}
	assert_true(seen);
}

/* That the script has told under this name. */
static uint64_t address_of(const struct program *program, const char *name)
{
	const char *line = strstr(program->addresses, name);
	assert_non_null(line);
	return strtoull(line + strlen(name), NULL, 16);
}

static bool has_in_hand(const struct captured_thread *thread, uint64_t object)
{
	for (size_t i = 0; i < thread->held_count; i++)
		if (thread->held[i] == object)
			return true;
	return false;
}

static void check_interpreter(const char *path)
{
	struct capture capture;
	bool is_instrumented = strstr(path, "tsan") != NULL;
	print_message("# %s\n", path);
	struct program program = program_start(path, SCRIPT, NULL);
	program_capture(&program, &capture, all_there);
	assert_non_null(capture.release);
	print_message("# Python %u.%u, %zu threads, %.2f ms\n", capture.release->major,
		      capture.release->minor, capture.count, capture.milliseconds);
	for (size_t i = 0; i < THREADS; i++)
		assert_thread(thread_of(&capture, i), expected[i]);
	assert_native_between(thread_of(&capture, 2), "key", "sorter", "python");
	assert_native_between(thread_of(&capture, 5), "compare", "c_sorter", "libffi");
	/* qsort(), which TSan's runtime replaces by its own */
	assert_native_between(thread_of(&capture, 5), "compare", "c_sorter",
			      is_instrumented ? "clang_rt.tsan" : "libc.so");
	/* Calls from Python to Python need no native frame of their own. */
	const struct captured_thread *taker = thread_of(&capture, 0);
	assert_int_equal(find_python_frame(taker, "lock_taker.<locals>.inner", 0) + 1,
			 find_python_frame(taker, "lock_taker", 0));
	/* Counter.run() waits with a Counter in hand, which has an Event; the others have no such object. */
	uint64_t counter = address_of(&program, "counter"), event = address_of(&program, "event");
	const struct captured_thread *waiter = thread_of(&capture, 4);
	assert_true(has_in_hand(waiter, counter) && has_in_hand(waiter, event));
	assert_false(has_in_hand(taker, counter));
	/* A global variable that its code names. */
	assert_true(has_in_hand(thread_of(&capture, 5), address_of(&program, "held")));
	size_t gaps = 0, sanitizers = 0;
	const struct captured_thread *recurser = thread_of(&capture, 7);
	for (size_t i = 0; i < recurser->count; i++)
		gaps += recurser->frames[i].kind == CAPTURED_GAP;
	assert_int_equal(gaps, 1);
	assert_true(is_python(&recurser->frames[CAPTURE_INNERMOST - 1], "recurse"));
	for (size_t i = 0; i < capture.count; i++)
		sanitizers += capture.threads[i].sanitizer;
	assert_int_equal(sanitizers, is_instrumented ? 1 : 0);
	assert_int_equal(capture.count, THREADS + 1 + sanitizers);
	capture_clear(&capture);
	assert_int_equal(WEXITSTATUS(program_end(&program)), 0);
}

static void python_frames_and_lines_stand_where_they_run(void **state)
{
	(void)state;
	if (!interpreter_count)
		skip();
	for (size_t i = 0; i < interpreter_count; i++)
		check_interpreter(interpreters[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(python_frames_and_lines_stand_where_they_run),
	};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, find_interpreters, forget_interpreters);
}
