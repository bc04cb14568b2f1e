/* abort.c - what a process says before it ends itself. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "runner/model/abort.h"

#include <cmocka.h>

/* The stack from abort() on: the C library's own frames are plumbing. */
#define FRAME(name, module_name)                                                                   \
	{ .language = FRAME_C, .function = (char *)name, .module = (char *)module_name }
#define STACK(...)                                                                                 \
	((struct stack){ (struct frame[]){ { .language = FRAME_C,                                  \
					     .function = (char *)"abort",                          \
					     .module = (char *)"libc.so.6",                        \
					     .plumbing = true },                                   \
					   __VA_ARGS__ },                                          \
			 1 + sizeof((struct frame[]){ __VA_ARGS__ }) / sizeof(struct frame) })
#define PYTHON "libpython3.14t.so.1.0"

static void assert_says(struct stack stack, const char *output, const char *expected)
{
	char *message = abort_message(&stack, output);
	if (expected)
		assert_string_equal(message, expected);
	else
		assert_null(message);
	free(message);
}

static void each_way_to_abort_has_its_words(void **state)
{
	(void)state;
	assert_says(STACK(FRAME("fatal_error_exit", PYTHON), FRAME("fatal_error", PYTHON),
			  FRAME("_Py_FatalErrorFunc", PYTHON), FRAME("take", "pool.so")),
		    "x\nFatal Python error: take: the pool is gone\nPython runtime state: ...\n",
		    "Fatal Python error: take: the pool is gone");
	assert_says(
		STACK(FRAME("fatal_error_exit", PYTHON), FRAME("_PyObject_AssertFailed", PYTHON),
		      FRAME("list_dealloc", PYTHON)),
		"./Objects/a.c:12: f: Assertion \"n > 0\" failed: bad list\nEnable tracemalloc\n"
		"Fatal Python error: _PyObject_AssertFailed: _PyObject_AssertFailed\n",
		"./Objects/a.c:12: f: Assertion \"n > 0\" failed: bad list");
	assert_says(STACK(FRAME("__assert_fail", "libc.so.6"), FRAME("take", "pool.so")),
		    "python3.14t: src/pool.c:12: take: Assertion `n > 0' failed.\n",
		    "src/pool.c:12: take: Assertion `n > 0' failed.");
	assert_says(
		STACK(FRAME("libclang_rt.tsan-x86_64.so+0x119e1e", "libclang_rt.tsan-x86_64.so"),
		      FRAME("take", "pool.so")),
		"ThreadSanitizer: CHECK failed: heap.h:297 \"p\" (tid=7)\n    #0 <null>\n",
		"ThreadSanitizer: CHECK failed: heap.h:297 \"p\" (tid=7)");
	assert_says(
		STACK(FRAME("_mi_assert_fail", PYTHON), FRAME("mi_free", PYTHON)),
		"mimalloc: assertion failed: at \"a/page.c\":12, mi_f\n  assertion: \"n > 0\"\n",
		"mimalloc: assertion failed: at \"a/page.c\":12, mi_f, assertion: \"n > 0\"");
	assert_says(STACK(FRAME("mi_error_default", PYTHON), FRAME("_mi_error_message", PYTHON),
			  FRAME("mi_free", PYTHON)),
		    "mimalloc: error: thread 0x7f00: double free detected of block 0x10 with size "
		    "16\nx\n",
		    "mimalloc: error: thread 0x7f00: double free detected of block 0x10 with size "
		    "16");
	assert_says(STACK(FRAME("libstdc++.so.6+0x9d918", "libstdc++.so.6"),
			  FRAME("std::terminate()", "libstdc++.so.6"),
			  FRAME("__cxa_throw", "libstdc++.so.6"), FRAME("take", "pool.so")),
		    "terminate called after throwing an instance of 'std::length_error'\n"
		    "  what():  the pool is gone\n",
		    "terminate called after throwing an instance of 'std::length_error': the pool "
		    "is gone");
	assert_says(STACK(FRAME("std::terminate()", "libstdc++.so.6"),
			  FRAME("__cxa_pure_virtual", "libstdc++.so.6")),
		    "pure virtual method called\nterminate called without an active exception\n",
		    "pure virtual method called");
	assert_says(STACK(FRAME("std::terminate()", "pool.so")),
		    "libc++abi: terminating due to uncaught exception of type pool::gone\n",
		    "libc++abi: terminating due to uncaught exception of type pool::gone");
	assert_says(STACK(FRAME("__rust_start_panic", "pool.so"), FRAME("rust_panic", "pool.so"),
			  FRAME("core::panicking::panic_fmt", "pool.so"), FRAME("take", "pool.so")),
		    "\nthread '<unnamed>' (4711) panicked at src/pool.rs:3:5:\nthe pool is gone\n"
		    "note: run with `RUST_BACKTRACE=1`\n"
		    "\nthread '<unnamed>' (4711) panicked at library/core/src/panicking.rs:225:5:\n"
		    "panic in a function that cannot unwind\n",
		    "panicked at src/pool.rs:3:5: the pool is gone");
	assert_says(STACK(FRAME("__stack_chk_fail", "libc.so.6"), FRAME("take", "pool.so")),
		    "*** stack smashing detected ***: terminated\n",
		    "*** stack smashing detected ***: terminated");
	assert_says(STACK(FRAME("malloc_printerr", "libc.so.6"), FRAME("take", "pool.so")),
		    "double free or corruption (out)\n", "double free or corruption (out)");
}

static void words_of_another_way_are_not_this_ones(void **state)
{
	(void)state;
	const char *output = "Fatal Python error: f: of a subprocess of an earlier test\n";
	assert_says(STACK(FRAME("take", "pool.so")), output, NULL);
	assert_says(STACK(FRAME("std::terminate()", "libstdc++.so.6")), output, NULL);
	/* the package's own function of that name */
	assert_says(STACK(FRAME("fatal_error", "pool.so")), output, NULL);
	/* further out: what gave up is inside of it */
	assert_says(STACK(FRAME("take", "pool.so"), FRAME("_Py_FatalErrorFunc", PYTHON)), output,
		    NULL);
	assert_says(STACK(FRAME("Py_FatalError", PYTHON)), NULL, NULL);
}

static void the_last_words_count(void **state)
{
	(void)state;
	assert_says(STACK(FRAME("Py_FatalError", PYTHON)),
		    "Fatal Python error: of a subprocess\nFatal Python error: mine\n",
		    "Fatal Python error: mine");
}

#define FIRST "terminate called after throwing an instance of '"

static void a_second_thread_that_terminates_does_not_matter(void **state)
{
	(void)state;
	struct stack stack = STACK(FRAME("std::terminate()", "libstdc++.so.6"));
	const char *expected = "terminate called after throwing an instance of 'X': gone";
	assert_says(stack,
		    "terminate called after throwing an instance of 'X'\n  what():  gone\n"
		    "terminate called recursively\n",
		    expected);
	assert_says(stack,
		    "terminate called after throwing an instance of 'terminate called recursively\n"
		    "X'\nterminate called recursively\n  what():    what():  gone\n",
		    expected);
	/* Both print the whole, in pieces, among each other's. */
	expected = "terminate called after throwing an instance of 'X_error': gone";
	assert_says(stack, FIRST FIRST "X_error'\nX_error'\n  what():    what():  gone\ngone\n",
		    expected);
	assert_says(stack, FIRST FIRST "X_error'\nX_error'\n  what():  gone\n  what():  gone\n",
		    expected);
	assert_says(stack, FIRST FIRST "X_error'\nX_error'\n  what():  gone  what():  \ngone\n",
		    expected);
	assert_says(stack, FIRST FIRST "X_errorX_error'\n'\n  what():    what():  gonegone\n\n",
		    expected);
	assert_says(stack, "terminate called without an active exception\n",
		    "terminate called without an active exception");
}

static void assert_stable(const char *message, const char *expected)
{
	char *stable = abort_stable(message);
	assert_string_equal(stable, expected);
	free(stable);
}

static void what_varies_is_not_in_the_name(void **state)
{
	(void)state;
	assert_stable("object 0x7f12ab of thread 4711 (utf8, x86_64)",
		      "object # of thread # (utf8, x86_64)");
	char *shown = abort_shown("/a/b/src/pool.c:12: take2: Assertion `a/n == 3' failed.");
	assert_string_equal(shown, "pool.c:12: take2: Assertion `a/n == 3' failed.");
	free(shown);
	assert_stable("src/lib/pool.c:12: take2: Assertion `n == 3' failed.",
		      "pool.c:#: take2: Assertion `n == 3' failed.");
	assert_stable("/a/b/pool.c:1: f: Assertion `a/b == 3'",
		      "pool.c:#: f: Assertion `a/b == 3'");
	assert_stable("panicked at src/pool.rs:3:5: index 7 of 4",
		      "panicked at pool.rs:#:#: index # of #");
	assert_stable("read/write of 5 bytes", "read/write of # bytes");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_way_to_abort_has_its_words),
		cmocka_unit_test(words_of_another_way_are_not_this_ones),
		cmocka_unit_test(the_last_words_count),
		cmocka_unit_test(a_second_thread_that_terminates_does_not_matter),
		cmocka_unit_test(what_varies_is_not_in_the_name),
	};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
