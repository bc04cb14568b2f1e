/* counts_log.c - what is said of a log of what was done to a reference count. */
#include "ftstress/record.h"
#include "runner/base/util.h"
#include "runner/collate/countlog.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct step {
	const char *does;
	int32_t tid;
	const char *function, *module;
	unsigned many; /* 0: one */
};
static const char *report = "reference-count-low";

/* The stack of a step: its function, called by a line of Python. */
static void stack_of(void *context, size_t section, struct stack *out)
{
	const struct step *step = (const struct step *)context + section;
	*out = (struct stack){ xcalloc(2, sizeof(struct frame)), 2 };
	out->frames[0] = (struct frame){ .language = FRAME_C,
					 .function = xstrdup(step->function),
					 .file = xstrdup("box.c"),
					 .line = 12,
					 .module = xstrdup(step->module) };
	out->frames[1] = (struct frame){ .language = FRAME_PYTHON,
					 .function = xstrdup("close"),
					 .file = xstrdup("app.py"),
					 .line = 7 };
}

static char *text_of(struct step *steps, size_t count)
{
	static const struct roots roots;
	struct section_view sections[16] = { 0 };
	struct report_view view = { .text = report,
				    .text_length = (uint32_t)strlen(report),
				    .sections = sections,
				    .count = count };
	for (size_t i = 0; i < count; i++) {
		sections[i].head = (struct fts_section){
			.kind = FTS_SEC_COUNT,
			.tid = steps[i].tid,
			.size = steps[i].many,
			.value = 99, /* as seen meanwhile; the sum is right where all is known */
			.text_length = (uint32_t)strlen(steps[i].does)
		};
		sections[i].text = steps[i].does;
	}
	return countlog_text(&view, stack_of, steps, &roots);
}

static void assert_says(const char *text, const char *words)
{
	if (!strstr(text, words))
		print_error("expected \"%s\" in: %s", words, text);
	assert_non_null(strstr(text, words));
}

static void what_two_threads_drop_that_took_it_once_is_named(void **state)
{
	(void)state;
	struct step steps[] = {
		{ "made", 0, "PyBytes_FromString", "libpython3.14t.so", 0 },
		{ "takes", 0, "box_new", "box.so", 0 },
		{ "drops", 3, "box_end", "box.so", 0 },
		{ "drops", 5, "box_end", "box.so", 0 },
		{ "drops", 5, "list_clear", "libpython3.14t.so", 0 },
	};
	char *text = text_of(steps, 5);
	assert_says(text, "1. the main thread makes it in PyBytes_FromString");
	assert_says(text, "3. T3 drops one in box_end (box.c:12), at app.py:7 in close: 1\n");
	assert_says(text, "4. T5 drops one in box_end (box.c:12), at app.py:7 in close: 0\n");
	assert_says(text, ": -1  <- there was none\n");
	assert_says(text, "There was 1 when it was made, 1 taken, 3 dropped.");
	assert_says(text, "Numbers 3 and 4 are both of box_end, in two threads");
	free(text);
}

static void each_thread_that_drops_its_own_is_not_accused(void **state)
{
	(void)state;
	struct step steps[] = {
		{ "made", 0, "PyBytes_FromString", "libpython3.14t.so", 0 },
		{ "takes", 3, "box_use", "box.so", 0 },
		{ "takes", 5, "box_use", "box.so", 0 },
		{ "drops", 3, "box_use", "box.so", 0 },
		{ "drops", 5, "box_use", "box.so", 0 },
		{ "drops", 5, "box_look", "box.so", 0 },
		{ "drops", 0, "list_clear", "libpython3.14t.so", 0 },
	};
	char *text = text_of(steps, 7);
	assert_null(strstr(text, "in two threads"));
	assert_says(text, "Number 7 drops one where none is left");
	assert_says(text, "box_look (1 dropped, 0 taken), list_clear (1 dropped, 0 taken).");
	assert_says(text, "Of these only box_look is not the interpreter's own.");
	free(text);
}

static void what_is_taken_when_it_is_gone_was_borrowed(void **state)
{
	(void)state;
	struct step steps[] = {
		{ "made", 1, "PyBytes_FromString", "libpython3.14t.so", 0 },
		{ "drops", 1, "PyList_SetItem", "libpython3.14t.so", 0 },
		{ "freed", 1, "bytes_dealloc", "libpython3.14t.so", 0 },
		{ "takes", 1, "box_take", "box.so", 0 },
	};
	char *text = text_of(steps, 4);
	assert_says(text, "3. T1 frees its memory in bytes_dealloc");
	assert_says(text, "Number 4 takes one of an object that is gone");
	free(text);
}

/* A list of a hundred times the same one; two threads that drop what they have not. */
static void of_what_others_hold_it_is_said_who_dropped_more_than_he_took(void **state)
{
	(void)state;
	struct step steps[] = {
		{ "made", 0, "PyList_New", "libpython3.14t.so", 0 },
		{ "takes", 0, "list_repeat", "libpython3.14t.so", 100 },
		{ "takes", 3, "box_look", "box.so", 0 },
		{ "drops", 3, "box_look", "box.so", 0 },
		{ "drops", 3, "box_drop", "box.so", 0 },
		{ "drops", 5, "box_drop", "box.so", 0 },
	};
	report = "reference-count-held";
	char *text = text_of(steps, 6);
	report = "reference-count-low";
	assert_says(text, "2. the main thread takes 100 in list_repeat");
	assert_says(text, "at app.py:7 in close: 101\n");
	assert_says(text, "at app.py:7 in close: 99\n");
	assert_says(text, "There was 1 when it was made, 101 taken, 3 dropped.");
	assert_says(text, "more than it took: box_drop (2 dropped, 0 taken).");
	assert_null(strstr(text, "there was none"));
	free(text);
}

static void without_its_beginning_the_log_says_so_and_counts_nothing(void **state)
{
	(void)state;
	struct step steps[] = { { "drops", -1, "box_end", "box.so", 0 } };
	char *text = text_of(steps, 1);
	assert_says(text, "1. a thread drops one in box_end");
	assert_says(text, ": 99\n");
	assert_says(text, "What came before is not in the log any more.");
	assert_null(strstr(text, "dropped,"));
	free(text);
	assert_null(text_of(steps, 0));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_two_threads_drop_that_took_it_once_is_named),
		cmocka_unit_test(each_thread_that_drops_its_own_is_not_accused),
		cmocka_unit_test(what_is_taken_when_it_is_gone_was_borrowed),
		cmocka_unit_test(of_what_others_hold_it_is_said_who_dropped_more_than_he_took),
		cmocka_unit_test(without_its_beginning_the_log_says_so_and_counts_nothing),
	};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
