/* heap.c - when a thread counts as caught in a list of the allocator. */
/* Before cmocka, whose fail() is a macro. */
#include "runner/base/util.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "runner/verdict/heap.h"

static struct frame frame(const char *function, const char *module)
{
	return (struct frame){ .language = FRAME_C,
			       .function = (char *)function,
			       .module = (char *)module };
}

static const char *walker(struct frame *frames, size_t count)
{
	struct stack stack = { frames, count };
	return heap_walker(&stack);
}

static void who_walks_a_list_is_told_whatever_it_reads_the_links_with(void **state)
{
	(void)state;
	struct frame jump = { .language = FRAME_UNKNOWN, .function = "libpython.so+0x1234" };
	struct frame frames[] = {
		jump,
		frame("_init", "libpython.so"),
		frame("__tsan_read8", "libclang_rt.tsan-x86_64.so"),
		frame("wrapped", "libftstress.so"),
		frame("mi_block_nextx", "libpython.so"),
		frame("_mi_page_free_collect", "libpython.so"),
		frame("PyThreadState_Clear", "libpython.so"),
	};
	assert_string_equal(walker(frames, 7), "_mi_page_free_collect");
}

static void who_is_in_the_allocator_only_is_not(void **state)
{
	(void)state;
	struct frame frames[] = { frame("mi_malloc", "libpython.so"),
				  frame("_PyObject_MiMalloc", "libpython.so"),
				  frame("_mi_page_free_collect", "libpython.so") };
	assert_null(walker(frames, 3));
	/* What it calls for each block is the collector's work, which may take long. */
	struct frame visits[] = { frame("update_refs", "libpython.so"),
				  frame("_mi_heap_area_visit_blocks", "libpython.so") };
	assert_null(walker(visits, 2));
	assert_null(walker(NULL, 0));
}

static const char function[] = "_mi_page_free_collect", other[] = "_mi_page_queue_append";

/* So many looks in a row see the thread there. */
static bool looks(struct heap_watch *watch, unsigned count, double *now)
{
	bool sure = false;
	for (unsigned i = 0; i < count; i++, *now += HEAP_EVERY)
		sure = heap_seen(watch, 7, function, *now);
	return sure;
}

static void one_look_elsewhere_starts_anew(void **state)
{
	(void)state;
	struct heap_watch watch = { 0 };
	double now = 100;
	assert_false(looks(&watch, HEAP_LOOKS - 1, &now));
	assert_false(heap_seen(&watch, 0, NULL, now));
	assert_true(watch.due >= now + HEAP_PAUSE);
	assert_false(looks(&watch, HEAP_LOOKS - 1, &now));
	assert_true(looks(&watch, 1, &now));
}

static void another_thread_or_function_starts_anew(void **state)
{
	(void)state;
	struct heap_watch watch = { 0 };
	double now = 100;
	looks(&watch, HEAP_LOOKS - 1, &now);
	assert_false(heap_seen(&watch, 8, function, now));
	looks(&watch, HEAP_LOOKS - 1, &now);
	assert_false(heap_seen(&watch, 7, other, now));
	assert_int_equal(watch.seen, 1);
}

static struct participant thread(const char *name, const char *const *functions, size_t count)
{
	struct participant one = { .role = xstrdup("runs"), .thread = xstrdup(name) };
	one.stack.frames = xcalloc(count, sizeof *one.stack.frames);
	one.stack.count = count;
	for (size_t i = 0; i < count; i++)
		one.stack.frames[i].function = xstrdup(functions[i]);
	return one;
}

static void the_thread_that_is_caught_is_what_is_told(void **state)
{
	(void)state;
	static const char *const waits[] = { "futex_wait" };
	static const char *const walks[] = { "mi_block_nextx", "_mi_page_free_collect", "main" };
	struct finding finding = { .kind = FINDING_HANG,
				   .participants = xcalloc(2, sizeof *finding.participants),
				   .participant_count = 2 };
	finding.participants[0] = thread("MainThread (7)", waits, 1);
	finding.participants[0].tid = 6; /* a name says nothing */
	finding.participants[1] = thread("worker", walks, 3);
	finding.participants[1].tid = 7;
	struct heap_watch watch = { .tid = 7, .seen = 20, .function = function };
	heap_tell(&watch, "test_a", &finding);
	assert_non_null(strstr(finding.title, "The heap is corrupted: test_a"));
	assert_non_null(strstr(finding.explanation, "_mi_page_free_collect"));
	assert_int_equal(finding.participant_count, 1);
	/* Where in the loop it was is chance, and no part of what the bug is known by. */
	assert_string_equal(finding.participants[0].stack.frames[0].function, function);
	assert_int_equal(finding.participants[0].stack.count, 2);
	finding_clear(&finding);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(who_walks_a_list_is_told_whatever_it_reads_the_links_with),
		cmocka_unit_test(who_is_in_the_allocator_only_is_not),
		cmocka_unit_test(one_look_elsewhere_starts_anew),
		cmocka_unit_test(another_thread_or_function_starts_anew),
		cmocka_unit_test(the_thread_that_is_caught_is_what_is_told),
	};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
