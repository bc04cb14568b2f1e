/* formats.c - whatever a program calls its tests and prints, each format stays what its readers read. The readers
 * are in tests/lib/report_readers.py. */
/* Before cmocka, whose fail() is a macro. */
#include "runner/base/util.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "reports/formats.h"
#include "reports/level.h"
#include "reports/report.h"
#include "reports/user_files.h"

/* HTML, XML, JavaScript; lines of TAP, of annotations; Markdown; SARIF's links and placeholders; terminals; no
 * UTF-8; U+FFFE; a C1 control. */
#define HOSTILE                                                                                           \
	"</script><!--<b>\n\nok 2 - forged # TODO \\\r\n::error::forged]]>&amp;\"'`|*_@all,:%0A{0}[a](1)" \
	"\033[31m\001\xff\xc3\xef\xbf\xbe\xc2\x9b\x7f"
#define MARK "9f7c" /* stands before it, and nowhere else */

static char *long_text; /* a megabyte of it */

struct hostile {
	char *text;
	char *tests[1], *notes[1], *operations[2], *settings[2], states[4];
	struct frame frames[3];
	struct held_lock lock;
	struct participant sides[2];
	struct run_type type;
	struct run_rule rule;
	struct run_hook hook;
	struct run_info run;
	struct finding findings[STATUS_COUNT];
	const struct finding *list[STATUS_COUNT];
	struct report_turns turns[2];
	struct report_input input;
};

static struct stack stack_of(struct hostile *h, bool python)
{
	return (struct stack){ &h->frames[python], 2 };
}

static void make_run(struct hostile *h)
{
	h->rule = (struct run_rule){ h->text, h->text, 0 };
	h->hook = (struct run_hook){ h->text, false, false, h->text };
	memcpy(h->states, "r.. ", 4);
	h->type = (struct run_type){ .name = h->text,
				     .operations = h->operations,
				     .operation_count = 2,
				     .states = h->states };
	h->run = (struct run_info){ .suite = h->text,
				    .suite_file = h->text,
				    .version = "0.1.0",
				    .python_version = "3.14.6",
				    .seed = "1f",
				    .command = h->text,
				    .started = 1700000000,
				    .ended = 1700000100,
				    .iterations_done = 20,
				    .tests_run = 40,
				    .alone_why = h->text,
				    .tests_failing = 1,
				    .failing_test = h->text,
				    .failing_why = h->text,
				    .exit_code = 1,
				    .rules = &h->rule,
				    .rule_count = 1,
				    .hooks = &h->hook,
				    .hook_count = 1,
				    .notes = h->notes,
				    .note_count = 1,
				    .settings = h->settings,
				    .setting_count = 1,
				    .types = &h->type,
				    .type_count = 1 };
}

/* `name`: what tests, files and exceptions are called; `text`: all else. */
static void make(struct hostile *h, char *name, char *text)
{
	static char *ids[] = { "test-failure-000000000001", "test-failure-000000000002",
			       "test-failure-000000000003", "test-failure-000000000004",
			       "test-failure-000000000005" };
	*h = (struct hostile){ .text = text,
			       .tests = { name },
			       .notes = { text },
			       .operations = { text, "add" },
			       .settings = { text, text } };
	h->frames[0] = (struct frame){ FRAME_C, text, name, 17, text, false, false, false };
	h->frames[1] = (struct frame){ FRAME_PYTHON, text, name, 8, NULL, false, false, false };
	h->frames[2] = h->frames[1];
	h->lock = (struct held_lock){ .name = text, .created = stack_of(h, true) };
	for (size_t i = 0; i < 2; i++)
		h->sides[i] = (struct participant){ .role = text,
						    .thread = text,
						    .stack = stack_of(h, i),
						    .created = stack_of(h, true),
						    .locks = &h->lock,
						    .lock_count = 1 };
	for (size_t i = 0; i < STATUS_COUNT; i++) {
		h->findings[i] = (struct finding){
			.id = ids[i],
			.kind = FINDING_TEST_FAILURE,
			.status = (enum finding_status)i,
			.title = name,
			.explanation = text,
			.detail = name,
			.said = name,
			.because = text,
			.graph = "digraph { a -> b }",
			.interleaving = "one  two\n",
			.count = 20,
			.run_count = 14,
			.tests = h->tests,
			.test_count = 1,
			.command = text,
			.suppressed_by = text,
			.evidence = text,
			.no_script = text,
			.subject = { .kind = SUBJECT_OBJECT,
				     .type = text,
				     .description = text,
				     .allocated = stack_of(h, true) },
			.participants = h->sides,
			.participant_count = 2,
		};
		h->list[i] = &h->findings[i];
	}
	make_run(h);
	h->turns[0] = (struct report_turns){ name, 1 };
	h->input = (struct report_input){ .run = &h->run,
					  .findings = h->list,
					  .count = STATUS_COUNT,
					  .tests = h->turns,
					  .test_count = 1 };
}

static char *file_of(const char *format)
{
	return xprintf("%s/formats-%d.%s", getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp",
		       (int)getpid(), format);
}

static void read_file_back(const char *format, const char *file, size_t entries, const char *word)
{
	char *command = xprintf("python3 tests/lib/report_readers.py %s %s %zu %s", format, file,
				entries, word ? word : "");
	fflush(stdout);
	int status = system(command); /* NOLINT(cert-env33-c): a test's own command */
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
		fail_msg("%s is not what its readers read (see above): %s", format, file);
	unlink(file);
	free(command);
}

/* Writes the report into a file and has it read. `word`: in every entry; NULL: none. */
static void read_back(const char *format, const struct report_input *input, size_t entries,
		      const char *word)
{
	char *file = file_of(format);
	FILE *out = fopen(file, "w");
	if (!out)
		abort();
	int error = strcmp(format, "summary") == 0 ? report_summary(out, input, false, 0)
						   : report_find(format)->write(out, input);
	assert_int_equal(error, 0);
	fclose(out);
	read_file_back(format, file, entries, word);
	free(file);
}

static void read_all_back(const struct hostile *h)
{
	static const char *const every[] = { "json", "html", "junit", "sarif", "tap", "tap14" };
	static const char *const texts[] = { "md", "rst", "summary" };
	for (size_t i = 0; i < sizeof every / sizeof *every; i++)
		read_back(every[i], &h->input, h->input.count, MARK);
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
		read_back(texts[i], &h->input, 0, MARK);
	char *summary = file_of("step");
	setenv("GITHUB_STEP_SUMMARY", summary, 1);
	read_back("github", &h->input, 1, MARK); /* what is new */
	unsetenv("GITHUB_STEP_SUMMARY");
	read_file_back("step", summary, 1, MARK);
	free(summary);
}

static void whatever_a_text_holds_it_is_shown_as_text(void **state)
{
	(void)state;
	static struct hostile h;
	char text[] = MARK HOSTILE;
	make(&h, text, text);
	read_all_back(&h);
}

static void a_text_of_a_megabyte_is_shown_as_far_as_the_format_can(void **state)
{
	(void)state;
	static struct hostile h;
	char text[] = MARK HOSTILE;
	make(&h, long_text, text);
	h.input.count = 2;
	read_all_back(&h);
}

/* GitHub takes 10 MB. */
static void sarif_says_what_it_left_out(void **state)
{
	(void)state;
	enum { MANY = 10000 };
	static struct hostile h;
	char text[] = "a title";
	make(&h, text, text);
	struct finding *findings = xcalloc(MANY, sizeof *findings);
	const struct finding **list = xcalloc(MANY, sizeof *list);
	for (size_t i = 0; i < MANY; i++) {
		findings[i] = h.findings[STATUS_NEW];
		findings[i].id = xprintf("test-failure-%012zx", i);
		list[i] = &findings[i];
	}
	struct report_input input = { .run = &h.run, .findings = list, .count = MANY };
	read_back("sarif", &input, MANY, "title");
	for (size_t i = 0; i < MANY; i++)
		free(findings[i].id);
	free(findings);
	free(list);
}

static void github_is_told_ten_entries_of_a_level_and_how_many_are_left(void **state)
{
	(void)state;
	static struct hostile h;
	char text[] = "a title";
	struct finding findings[15];
	const struct finding *list[15];
	make(&h, text, text);
	for (size_t i = 0; i < 15; i++) {
		findings[i] = h.findings[STATUS_NEW];
		findings[i].id = xprintf("test-failure-%012zx", i);
		list[i] = &findings[i];
	}
	struct report_input input = { .run = &h.run, .findings = list, .count = 15 };
	read_back("github", &input, 11, NULL);
	for (size_t i = 0; i < 15; i++)
		free(findings[i].id);
}

static char *written(const char *format, const struct report_input *input)
{
	char *text = NULL;
	size_t length = 0;
	FILE *out = open_memstream(&text, &length);
	assert_int_equal(report_find(format)->write(out, input), 0);
	fclose(out);
	return text;
}

static void a_clean_run_passes_in_junit_and_one_that_tested_nothing_does_not(void **state)
{
	(void)state;
	static struct hostile h;
	char text[] = "words";
	make(&h, text, text);
	h.input.count = 0;
	h.run.exit_code = EXIT_CLEAN;
	char *xml = written("junit", &h.input);
	assert_non_null(strstr(xml, "tests=\"1\" failures=\"0\" errors=\"0\""));
	assert_null(strstr(xml, "<error"));
	free(xml);
	h.run.exit_code = EXIT_NOTHING_PASSED;
	xml = written("junit", &h.input);
	assert_non_null(strstr(xml, "errors=\"1\""));
	assert_non_null(strstr(xml, "message=\"nothing passed\""));
	free(xml);
}

/* What is written at once and does not fit, fails before it is flushed. */
static void a_write_that_failed_before_the_end_is_told(void **state)
{
	(void)state;
	FILE *out = fopen("/dev/full", "w");
	setvbuf(out, NULL, _IONBF, 0);
	errno = 0;
	fputs("text", out);
	assert_int_equal(report_flush(out), ENOSPC);
	fclose(out);
}

static void only_what_is_new_fails_in_junit(void **state)
{
	(void)state;
	static struct hostile h;
	char text[] = "words";
	make(&h, text, text);
	char *xml = written("junit", &h.input);
	assert_non_null(strstr(xml, "tests=\"6\" failures=\"1\" errors=\"0\" skipped=\"4\""));
	assert_non_null(strstr(xml, "<skipped message=\"known upstream: words\"/>"));
	free(xml);
}

static void each_test_that_ran_is_a_case_of_junit_and_fails_by_what_is_new(void **state)
{
	(void)state;
	static struct hostile h;
	char text[] = "words", name[] = "t/test_a.py::TestB::test_c[a::b]";
	make(&h, name, text);
	h.turns[1] = (struct report_turns){ (char *)"t/test_b.py", 2 };
	h.input.test_count = 2;
	char *xml = written("junit", &h.input);
	assert_non_null(strstr(xml, "<testsuites name=\"ftstress\" tests=\"8\" failures=\"2\""));
	assert_non_null(strstr(xml, "<testsuite name=\"words tests\" tests=\"2\" failures=\"1\""));
	assert_non_null(strstr(xml,
			       "<testcase classname=\"t/test_a.py::TestB\" name=\"test_c[a::b]\">\n"
			       "   <failure type=\"findings\" message=\"1 new, told in the suite "
			       "of findings\">t/test_a.py::TestB::test_c[a::b] [test-failure-"));
	assert_non_null(strstr(xml, "<testcase classname=\"t/test_b.py\" name=\"t/test_b.py\"/>"));
	free(xml);
}

static void github_can_be_made_to_take_a_text_for_no_command(void **state)
{
	(void)state;
	char *text = NULL;
	size_t length = 0;
	FILE *out = open_memstream(&text, &length);
	report_github_quote(out, "f00", true);
	report_github_quote(out, "f00", false);
	fclose(out);
	assert_string_equal(text, "::stop-commands::f00\n::f00::\n");
	free(text);
}

static void how_grave_is_a_matter_of_what_was_seen_then_of_kind_and_rank(void **state)
{
	(void)state;
	struct finding f = { .kind = FINDING_DATA_RACE, .rank = RANK_STRUCTURE };
	assert_int_equal(level_of(&f), LEVEL_ERROR);
	f.rank = RANK_ATOMIC;
	assert_int_equal(level_of(&f), LEVEL_WARNING);
	f.rank = RANK_DATA;
	assert_int_equal(level_of(&f), LEVEL_NOTE);
	f.shows = EVIDENCE_CRASHES;
	assert_int_equal(level_of(&f), LEVEL_ERROR);
	f.shows = EVIDENCE_EQUAL;
	assert_int_equal(level_of(&f), LEVEL_NOTE);
	f = (struct finding){ .kind = FINDING_LOCK_ORDER };
	assert_int_equal(level_of(&f), LEVEL_WARNING);
	f.kind = FINDING_CRASH;
	assert_int_equal(level_of(&f), LEVEL_ERROR);
	f.status = STATUS_UPSTREAM;
	assert_int_equal(level_of(&f), LEVEL_NOTE);
}

/* ---- the user's files ---- */

static void put(const char *folder, const char *name)
{
	char *command = xprintf("mkdir -p \"$(dirname '%s/%s')\" && echo x >'%s/%s'", folder, name,
				folder, name);
	assert_int_equal(system(command), 0); /* NOLINT(cert-env33-c): a test's own command */
	free(command);
}

static void find(const char *root, const char *file, const char *path)
{
	char *suite = xprintf("%s/stress/mine.ini", root);
	struct run_info run = { .suite_file = suite };
	struct user_files *files = user_files_open(&run);
	const char *found = user_files_find(files, file);
	if (path)
		assert_string_equal(found ? found : "none", path);
	else
		assert_null(found);
	user_files_close(files);
	free(suite);
}

static void a_built_copy_is_the_file_it_was_copied_from(void **state)
{
	(void)state;
	char root[] = "/tmp/ftstress-files-XXXXXX";
	if (!mkdtemp(root))
		abort();
	char *inside = xprintf("%s/stress/../tests/test_a.py", root);
	put(root, "stress/mine.ini");
	put(root, "tests/test_a.py");
	put(root, "ext/cache.c");
	put(root, "src/mine/core.py");
	put(root, "stress/kit/kit.c");
	setenv("GITHUB_WORKSPACE", root, 1);
	find(root, inside, "tests/test_a.py");
	find(root, "/c/pkg/mine-5b239a6ee336/src/ext/cache.c", "ext/cache.c");
	find(root, "/c/pkg/kit-5b239a6ee336/src/kit.c", "stress/kit/kit.c");
	find(root, "/c/env/suite-0bb98bbb7e05/tsan/mine/core.py", "src/mine/core.py");
	find(root, "/v/lib/python3.14/site-packages/mine/core.py", "src/mine/core.py");
	find(root, "../tests/test_a.py", "tests/test_a.py");
	find(root, "/c/src/cpython-3.14.6-143b/Objects/call.c", NULL);
	find(root, "/c/pkg/mine-5b239a6ee336/src/ext/other.c", NULL);
	find(root, "/etc/passwd", NULL);
	find(root, "../../../../../../etc/passwd", NULL);
	unsetenv("GITHUB_WORKSPACE");
	char *command = xprintf("rm -r '%s'", root);
	assert_int_equal(system(command), 0); /* NOLINT(cert-env33-c): a test's own command */
	free(command);
	free(inside);
}

int main(void)
{
	const struct CMUnitTest all[] = {
		cmocka_unit_test(whatever_a_text_holds_it_is_shown_as_text),
		cmocka_unit_test(a_text_of_a_megabyte_is_shown_as_far_as_the_format_can),
		cmocka_unit_test(sarif_says_what_it_left_out),
		cmocka_unit_test(github_is_told_ten_entries_of_a_level_and_how_many_are_left),
		cmocka_unit_test(a_clean_run_passes_in_junit_and_one_that_tested_nothing_does_not),
		cmocka_unit_test(a_write_that_failed_before_the_end_is_told),
		cmocka_unit_test(only_what_is_new_fails_in_junit),
		cmocka_unit_test(each_test_that_ran_is_a_case_of_junit_and_fails_by_what_is_new),
		cmocka_unit_test(github_can_be_made_to_take_a_text_for_no_command),
		cmocka_unit_test(how_grave_is_a_matter_of_what_was_seen_then_of_kind_and_rank),
		cmocka_unit_test(a_built_copy_is_the_file_it_was_copied_from),
	};
	unsetenv("GITHUB_STEP_SUMMARY");
	unsetenv("GITHUB_WORKSPACE");
	struct buf text = { 0 };
	buf_puts(&text, MARK);
	while (text.length < 1u << 20)
		buf_puts(&text, HOSTILE);
	long_text = buf_take(&text);
	cmocka_set_message_output(CM_OUTPUT_TAP);
	int failed = cmocka_run_group_tests(all, NULL, NULL);
	free(long_text);
	return failed;
}
