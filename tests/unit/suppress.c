/* suppress.c - suppression lists in TSan's format. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "runner/collate/suppress.h"
#include "runner/base/util.h"

#include <cmocka.h>

static struct frame frames[] = {
	{ FRAME_C, (char *)"list_resize", (char *)"/src/Objects/listobject.c", 9,
	  (char *)"libpython3.14t.so.1.0", false, false, false },
	{ FRAME_PYTHON, (char *)"Thing.work", (char *)"/site/pkg/thing.py", 3, NULL, false, false,
	  false },
};
static struct participant side = { .stack = { frames, 2 } };
static struct finding race = { .kind = FINDING_DATA_RACE,
			       .participants = &side,
			       .participant_count = 1 };

/* What `rules` make of the race, STATUS_NEW if nothing. */
static enum finding_status judge(const char *rules, const struct finding *finding)
{
	struct suppressions *set = suppress_new();
	enum finding_status status = STATUS_NEW;
	assert_int_equal(suppress_parse(set, "list", rules, STATUS_SUPPRESSED), 0);
	size_t rule = suppress_match(set, finding);
	if (rule != SUPPRESS_NONE)
		suppress_rule(set, rule, &status);
	suppress_free(set);
	return status;
}

static void a_pattern_matches_as_in_tsan(void **state)
{
	(void)state;
	static const struct {
		const char *pattern, *text;
		bool matches;
	} cases[] = {
		{ "resize", "list_resize", true },
		{ "resized", "list_resize", false },
		{ "^list", "list_resize", true },
		{ "^resize", "list_resize", false },
		{ "resize$", "list_resize", true },
		{ "list$", "list_resize", false },
		{ "^list_resize$", "list_resize", true },
		{ "^list_resize$", "list_resize2", false },
		{ "list*size", "list_resize", true },
		{ "^l*z*e$", "list_resize", true },
		{ "*", "x", true },
		{ "", "x", true },
		{ "x", "", false },
		{ "x", NULL, false },
		{ "^*resize", "list_resize", true },
		{ "a*b", "ba", false },
		{ "*$", "abc", true },
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		assert_int_equal(suppress_pattern(cases[i].pattern, cases[i].text),
				 cases[i].matches);
}

static void race_matches_function_file_or_module_of_any_frame(void **state)
{
	(void)state;
	assert_int_equal(judge("race:list_resize", &race), STATUS_SUPPRESSED);
	assert_int_equal(judge("race:Objects/listobject.c", &race), STATUS_SUPPRESSED);
	assert_int_equal(judge("race:libpython3", &race), STATUS_SUPPRESSED);
	assert_int_equal(judge("race:^Thing.work$", &race), STATUS_SUPPRESSED);
	assert_int_equal(judge("race:dict_resize", &race), STATUS_NEW);
}

static void race_top_matches_the_first_frame_alone(void **state)
{
	(void)state;
	assert_int_equal(judge("race_top:list_resize", &race), STATUS_SUPPRESSED);
	assert_int_equal(judge("race_top:Thing.work", &race), STATUS_NEW);
}

static void a_python_frame_is_the_eval_loop_too(void **state)
{
	(void)state;
	struct participant eval = { .stack = { frames + 1, 1 } };
	struct finding finding = { .kind = FINDING_DATA_RACE,
				   .participants = &eval,
				   .participant_count = 1 };
	assert_int_equal(judge("race_top:_PyEval_EvalFrameDefault", &finding), STATUS_SUPPRESSED);
}

static void where_a_thread_was_started_counts(void **state)
{
	(void)state;
	struct participant made = { .created = { frames, 2 } };
	struct finding finding = { .kind = FINDING_DATA_RACE,
				   .participants = &made,
				   .participant_count = 1 };
	assert_int_equal(judge("race:list_resize", &finding), STATUS_SUPPRESSED);
}

static void a_rule_is_for_its_kind(void **state)
{
	(void)state;
	struct finding deadlock = race;
	deadlock.kind = FINDING_DEADLOCK;
	assert_int_equal(judge("race:list_resize", &deadlock), STATUS_NEW);
	assert_int_equal(judge("deadlock:list_resize", &deadlock), STATUS_SUPPRESSED);
	assert_int_equal(judge("thread:list_resize\nmutex:list_resize\nsignal:list_resize\n"
			       "called_from_lib:list_resize",
			       &race),
			 STATUS_NEW);
}

static void called_from_lib_is_what_the_c_library_does_for_that_library(void **state)
{
	(void)state;
	static struct frame called[] = {
		{ FRAME_C, (char *)"__tsan_memcpy", NULL, 0, (char *)"libclang_rt.tsan-x86_64.so",
		  false, false, false },
		{ FRAME_C, (char *)"copy", (char *)"/src/copy.c", 9, (char *)"libcopy.so.1", false,
		  false, false },
		{ FRAME_C, (char *)"outer", (char *)"/src/outer.c", 9, (char *)"outer.so", false,
		  false, false },
	};
	struct participant copies = { .stack = { called, 3 } };
	struct participant stores = { .stack = { called + 1, 2 } };
	struct finding finding = { .kind = FINDING_DATA_RACE,
				   .participants = &copies,
				   .participant_count = 1 };
	assert_int_equal(judge("called_from_lib:libcopy", &finding), STATUS_SUPPRESSED);
	assert_int_equal(judge("called_from_lib:outer", &finding), STATUS_NEW);
	finding.kind = FINDING_CRASH;
	assert_int_equal(judge("called_from_lib:libcopy", &finding), STATUS_NEW);
	finding.kind = FINDING_DATA_RACE;
	finding.participants = &stores;
	assert_int_equal(judge("called_from_lib:libcopy", &finding), STATUS_NEW);
}

static void every_type_of_tsans_counts_for_something(void **state)
{
	(void)state;
	static const struct {
		const char *rule;
		enum finding_kind kind;
	} cases[] = {
		{ "race:list_resize", FINDING_USE_AFTER_FREE },
		{ "race_top:list_resize", FINDING_REFERENCE_COUNT },
		{ "thread:list_resize", FINDING_LEAK },
		{ "mutex:list_resize", FINDING_LOCK_MISUSE },
		{ "deadlock:list_resize", FINDING_LOCK_ORDER },
		{ "signal:list_resize", FINDING_CRASH },
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct finding finding = race;
		finding.kind = cases[i].kind;
		assert_int_equal(judge(cases[i].rule, &finding), STATUS_SUPPRESSED);
	}
}

static void a_rule_of_the_users_that_matched_nothing_is_told(void **state)
{
	(void)state;
	struct suppressions *set = suppress_new();
	assert_null(suppress_note(set));
	suppress_parse(set, "cpython", "race:upstream", STATUS_UPSTREAM);
	suppress_parse(set, "mine", "race:list\n# no\nrace:other", STATUS_SUPPRESSED);
	suppress_used(set, suppress_match(set, &race), 1);
	char *note = suppress_note(set);
	assert_string_equal(note, "1 of the 2 suppressions matched nothing in this run: race:other "
				  "(mine:3)");
	free(note);
	suppress_free(set);
}

static void a_kind_of_finding_is_a_type(void **state)
{
	(void)state;
	char *tests[] = { (char *)"a.py::test_x[1]" };
	struct finding failure = { .kind = FINDING_TEST_FAILURE, .tests = tests, .test_count = 1 };
	struct finding crash = race;
	crash.kind = FINDING_CRASH;
	assert_int_equal(judge("test-failure:test_x", &failure), STATUS_SUPPRESSED);
	assert_int_equal(judge("test-failure:test_y", &failure), STATUS_NEW);
	assert_int_equal(judge("crash:list_resize", &crash), STATUS_SUPPRESSED);
	assert_int_equal(judge("race:list_resize", &crash), STATUS_NEW);
}

static void comments_and_blanks_are_skipped(void **state)
{
	(void)state;
	assert_int_equal(judge("# race:list_resize\n\n  \t\r\n", &race), STATUS_NEW);
	assert_int_equal(judge("\t race:list_resize \t\r\n# end", &race), STATUS_SUPPRESSED);
}

static void the_users_rules_come_before_upstreams(void **state)
{
	(void)state;
	struct suppressions *set = suppress_new();
	enum finding_status status;
	suppress_parse(set, "cpython", "race:list", STATUS_UPSTREAM);
	suppress_parse(set, "mine", "race:other\nrace:resize", STATUS_SUPPRESSED);
	size_t rule = suppress_match(set, &race);
	assert_string_equal(suppress_rule(set, rule, &status), "race:resize");
	assert_int_equal(status, STATUS_SUPPRESSED);
	suppress_free(set);
}

static void an_unused_rule_of_the_users_is_listed_with_its_place(void **state)
{
	(void)state;
	struct suppressions *set = suppress_new();
	suppress_parse(set, "cpython", "race:unused\nrace:Thing", STATUS_UPSTREAM);
	suppress_parse(set, "mine", "# first\nrace:other\nrace:resize", STATUS_SUPPRESSED);
	suppress_used(set, suppress_match(set, &race), 3);
	size_t count;
	struct run_rule *rules = suppress_rules(set, &count);
	assert_int_equal(count, 2); /* of CPython's, only what was used */
	assert_string_equal(rules[0].rule, "race:other");
	assert_string_equal(rules[0].file, "mine:2");
	assert_int_equal(rules[0].used, 0);
	assert_string_equal(rules[1].file, "mine:3");
	assert_int_equal(rules[1].used, 3);
	for (size_t i = 0; i < count; i++) {
		free(rules[i].rule);
		free(rules[i].file);
	}
	free(rules);
	suppress_free(set);
}

/* ---- CPython's rules ---- */

#define PYTHON_LIBRARY (char *)"libpython3.14t.so.1.0"
#define CORE(name)                                                                                 \
	{                                                                                          \
		FRAME_C, (char *)name, (char *)"/src/Objects/x.c", 1, PYTHON_LIBRARY, false,       \
		false,   false                                                                     \
	}
#define EXTENSION(name)                                                                            \
	{ FRAME_C, (char *)name, (char *)"/pkg/x.c", 1, (char *)"x.so", false, false, false }
#define LIBRARY(name)                                                                              \
	{                                                                                          \
		FRAME_C, (char *)name, (char *)"/src/Modules/x.c", 1, (char *)"_x.so", false,      \
		false,   false                                                                     \
	}
#define EVAL(name)                                                                                 \
	{ FRAME_PYTHON, (char *)name, (char *)"/site/x.py", 1, NULL, false, false, false }
#define RUNTIME(name)                                                                              \
	{                                                                                          \
		FRAME_C, (char *)name, NULL, 0, (char *)"libclang_rt.tsan-x86_64.so",              \
		false,   false,        false                                                       \
	}
#define STACK(...)                                                                                 \
	((struct stack){ (struct frame[]){ __VA_ARGS__ },                                          \
			 sizeof((struct frame[]){ __VA_ARGS__ }) / sizeof(struct frame) })

static void race_on_is_what_the_interpreter_does_to_an_object_of_the_type(void **state)
{
	(void)state;
	struct stack call = STACK(CORE("gen_send_ex2"), EXTENSION("m_next"));
	struct frame line = { .language = FRAME_PYTHON, .function = (char *)"walk" };
	struct participant sides[] = { { .stack = call }, { .stack = { &line, 1 } } };
	struct finding finding = { .kind = FINDING_DATA_RACE,
				   .subject = { .kind = SUBJECT_OBJECT,
						.type = (char *)"generator" },
				   .participants = sides,
				   .participant_count = 2 };
	assert_int_equal(judge("race_on:^generator$", &finding), STATUS_SUPPRESSED);
	assert_int_equal(judge("race_on:^coroutine$", &finding), STATUS_NEW);
	finding.kind = FINDING_CRASH;
	assert_int_equal(judge("race_on:^generator$", &finding), STATUS_NEW);
	finding.kind = FINDING_DATA_RACE;
	sides[1].stack = STACK(EXTENSION("m_reset"), CORE("gen_send_ex2")); /* by itself */
	assert_int_equal(judge("race_on:^generator$", &finding), STATUS_NEW);
}

/* What CPython's `rules` make of a race of two accesses. */
static enum finding_status upstream(const char *rules, struct stack writer, struct stack reader)
{
	struct participant sides[] = { { .write = true, .stack = writer }, { .stack = reader } };
	struct finding finding = { .kind = FINDING_DATA_RACE,
				   .participants = sides,
				   .participant_count = 2 };
	struct suppressions *set = suppress_new();
	enum finding_status status = STATUS_NEW;
	suppress_sources(set, "/src");
	assert_int_equal(suppress_parse(set, "list", rules, STATUS_UPSTREAM), 0);
	size_t rule = suppress_match(set, &finding);
	if (rule != SUPPRESS_NONE)
		suppress_rule(set, rule, &status);
	suppress_free(set);
	return status;
}

static const struct frame move[] = { RUNTIME("memmove"), CORE("list_ass_slice_lock_held") };
static struct stack moving = { (struct frame *)move, 2 };

static void cpythons_rule_is_for_what_its_own_code_does(void **state)
{
	(void)state;
	const char *rules = "race:list_ass_slice_lock_held\nrace:sock_recv_impl\n"
			    "race_top:fatal_error\nrace_top:rangeiter_next";
	struct stack reader = STACK(CORE("list_get_item_ref"));
	assert_int_equal(upstream(rules, moving, reader), STATUS_UPSTREAM);
	assert_int_equal(upstream(rules, reader, moving), STATUS_UPSTREAM);
	assert_int_equal(upstream(rules, STACK(RUNTIME("recv"), LIBRARY("sock_recv_impl")), reader),
			 STATUS_UPSTREAM);
	/* an extension's object dies in the slice; a Python function is called from there */
	assert_int_equal(upstream(rules,
				  STACK(EXTENSION("x_dealloc"), CORE("_Py_Dealloc"), move[1]),
				  STACK(EXTENSION("x_get"))),
			 STATUS_NEW);
	assert_int_equal(
		upstream(rules, STACK(CORE("insert_dict"), EVAL("X.__del__"), move[1]), reader),
		STATUS_NEW);
	/* an extension reads by itself, by a function of the C library */
	assert_int_equal(upstream(rules, moving, STACK(EXTENSION("x_get"))), STATUS_NEW);
	assert_int_equal(upstream(rules, STACK(RUNTIME("memcpy"), EXTENSION("x_get")), moving),
			 STATUS_NEW);
	/* ... and by one of CPython's */
	assert_int_equal(
		upstream(rules, moving, STACK(CORE("list_get_item_ref"), EXTENSION("x_get"))),
		STATUS_UPSTREAM);
	/* others' functions that are called alike */
	assert_int_equal(upstream(rules, STACK(EXTENSION("fatal_error_count")), reader),
			 STATUS_NEW);
	assert_int_equal(upstream(rules, STACK(EVAL("on_fatal_error")), reader), STATUS_NEW);
	assert_int_equal(upstream(rules, STACK(CORE("rangeiter_next")), reader), STATUS_UPSTREAM);
	/* what an inlined helper does for it, and not what it calls */
	struct frame loads[] = { CORE("_Py_atomic_load_ptr"), CORE("_Py_TryXGetRef"),
				 CORE("rangeiter_next") };
	struct stack helped = { loads, 3 };
	assert_int_equal(upstream(rules, helped, moving), STATUS_UPSTREAM);
	assert_int_equal(upstream("race_top:rangeiter_next", helped, reader), STATUS_NEW);
	loads[0].is_inline = loads[1].is_inline = true;
	assert_int_equal(upstream("race_top:rangeiter_next", helped, reader), STATUS_UPSTREAM);
	loads[1].function = (char *)"longrangeiter_get";
	assert_int_equal(upstream("race_top:rangeiter_next", helped, reader), STATUS_NEW);
	assert_int_equal(upstream("race_top:_PyEval_EvalFrameDefault", STACK(EVAL("f")), reader),
			 STATUS_UPSTREAM);
}

static void cpythons_rule_is_not_for_where_memory_or_a_thread_came_from(void **state)
{
	(void)state;
	struct stack made = STACK(CORE("PyObject_Realloc"));
	struct participant sides[] = { { .write = true, .created = made },
				       { .stack = STACK(EXTENSION("x_get")) } };
	struct finding finding = { .kind = FINDING_DATA_RACE,
				   .subject = { .allocated = made },
				   .participants = sides,
				   .participant_count = 2 };
	struct suppressions *set = suppress_new();
	suppress_parse(set, "list", "race:PyObject_Realloc", STATUS_UPSTREAM);
	assert_int_equal(suppress_match(set, &finding), SUPPRESS_NONE);
	suppress_free(set);
}

static void a_rule_on_the_allocator_hides_no_use_after_free(void **state)
{
	(void)state;
	const char *rules = "race_top:mi_block_set_nextx\nrace:PyObject_Realloc";
	struct stack frees = STACK(CORE("mi_block_set_nextx"), CORE("_mi_free_block_mt"),
				   CORE("mi_free"), CORE("PyObject_Free"), CORE("odict_dealloc"));
	struct stack moves = STACK(RUNTIME("memcpy"), CORE("_mi_heap_realloc_zero"),
				   CORE("PyObject_Realloc"), EXTENSION("buffer_grow"));
	struct stack gets =
		STACK(CORE("_mi_page_malloc"), CORE("mi_malloc"), CORE("PyObject_Malloc"));
	struct stack tries = STACK(CORE("_Py_atomic_load_uint32_relaxed"),
				   CORE("_Py_TryIncrefFast"), CORE("list_get_item_ref"));
	assert_int_equal(upstream(rules, frees, STACK(CORE("odictiter_new"))), STATUS_NEW);
	assert_int_equal(upstream(rules, moves, STACK(EXTENSION("json_encode"))), STATUS_NEW);
	assert_int_equal(upstream(rules, STACK(EXTENSION("json_encode")), moves), STATUS_NEW);
	/* the allocator's own affair; a look at what may be gone; a side that was forgotten */
	assert_int_equal(upstream(rules, frees, gets), STATUS_UPSTREAM);
	assert_int_equal(upstream(rules, moves, gets), STATUS_UPSTREAM);
	assert_int_equal(upstream(rules, moves, tries), STATUS_UPSTREAM);
	assert_int_equal(upstream(rules, frees, (struct stack){ 0 }), STATUS_UPSTREAM);
}

static void the_users_rules_match_as_in_tsan_whatever_they_name(void **state)
{
	(void)state;
	struct frame frees[] = { CORE("mi_block_set_nextx"), CORE("mi_free"), EVAL("X.__del__"),
				 CORE("list_ass_slice_lock_held") };
	struct participant sides[] = { { .write = true, .stack = { frees, 4 } },
				       { .stack = STACK(EXTENSION("x_get")) } };
	struct finding finding = { .kind = FINDING_DATA_RACE,
				   .participants = sides,
				   .participant_count = 2 };
	assert_int_equal(judge("race_top:mi_block_set_nextx", &finding), STATUS_SUPPRESSED);
	assert_int_equal(judge("race:list_ass_slice_lock_held", &finding), STATUS_SUPPRESSED);
}

/* Standard error while `text` is parsed; to be freed. */
static char *complaint(const char *text, int *code)
{
	char path[] = "/tmp/ftstress-suppress-XXXXXX";
	int file = mkstemp(path), old = dup(STDERR_FILENO);
	struct suppressions *set = suppress_new();
	dup2(file, STDERR_FILENO);
	*code = suppress_parse(set, "dir/list.txt", text, STATUS_SUPPRESSED);
	dup2(old, STDERR_FILENO);
	close(old);
	close(file);
	suppress_free(set);
	char *said = read_file(path, NULL);
	unlink(path);
	return said;
}

static void a_bad_line_is_told_with_file_and_line(void **state)
{
	(void)state;
	int code;
	char *said = complaint("race:fine\nrase:typo\nno colon\nrace:\n", &code);
	assert_int_equal(code, EXIT_BAD_INPUT);
	assert_non_null(strstr(said, "dir/list.txt:2: unknown suppression type 'rase'"));
	assert_non_null(strstr(said, "dir/list.txt:3: expected TYPE:PATTERN"));
	assert_non_null(strstr(said, "dir/list.txt:4: nothing stands after 'race:'"));
	assert_null(strstr(said, "dir/list.txt:1"));
	free(said);
}

static void a_file_that_is_not_there_is_bad_input(void **state)
{
	(void)state;
	struct suppressions *set = suppress_new();
	assert_int_equal(suppress_load(set, "/nonexistent/list.txt", STATUS_SUPPRESSED),
			 EXIT_BAD_INPUT);
	suppress_free(set);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_pattern_matches_as_in_tsan),
		cmocka_unit_test(race_matches_function_file_or_module_of_any_frame),
		cmocka_unit_test(race_top_matches_the_first_frame_alone),
		cmocka_unit_test(a_python_frame_is_the_eval_loop_too),
		cmocka_unit_test(where_a_thread_was_started_counts),
		cmocka_unit_test(a_rule_is_for_its_kind),
		cmocka_unit_test(called_from_lib_is_what_the_c_library_does_for_that_library),
		cmocka_unit_test(race_on_is_what_the_interpreter_does_to_an_object_of_the_type),
		cmocka_unit_test(every_type_of_tsans_counts_for_something),
		cmocka_unit_test(a_rule_of_the_users_that_matched_nothing_is_told),
		cmocka_unit_test(a_kind_of_finding_is_a_type),
		cmocka_unit_test(comments_and_blanks_are_skipped),
		cmocka_unit_test(the_users_rules_come_before_upstreams),
		cmocka_unit_test(an_unused_rule_of_the_users_is_listed_with_its_place),
		cmocka_unit_test(cpythons_rule_is_for_what_its_own_code_does),
		cmocka_unit_test(cpythons_rule_is_not_for_where_memory_or_a_thread_came_from),
		cmocka_unit_test(a_rule_on_the_allocator_hides_no_use_after_free),
		cmocka_unit_test(the_users_rules_match_as_in_tsan_whatever_they_name),
		cmocka_unit_test(a_bad_line_is_told_with_file_and_line),
		cmocka_unit_test(a_file_that_is_not_there_is_bad_input),
	};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
