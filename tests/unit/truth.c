/*
 * truth.c - one bug is one finding and one entry: on reports of which it is known by hand what bug they are of.
 *
 * fixtures/truth.json has them, by run: of planted bugs and of objects of CPython that threads share, as ftstress saw
 * them with five seeds; and of CPython's racy fields, from a list that was made with another tool. A report stands
 * there as TSan's is when its addresses have names. Of each race the test makes others, as another build, another
 * machine and another day would have them: they have to have the same id. Runs that have crashes, wrong counts and
 * tests that fail say of what they are.
 */
/* Before cmocka, whose fail() is a macro. */
#include "runner/base/util.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "reports/entries.h"
#include "runner/model/fingerprint.h"

#define FRAMES_MOST 24
#define TEXTS_MOST 10

struct report {
	const char *bug, *run;
	struct finding finding;
	struct participant sides[2];
	struct frame frames[3][FRAMES_MOST];
	char *tests[TEXTS_MOST], *replays[TEXTS_MOST];
	bool told; /* its id is given: it is made of more than stands here */
};

static json_t *data;
static struct report *reports;
static size_t report_count;
static const char *const sites[] = { "/site" };
static const struct roots roots = { sites, 1 };

static char *text_of(const json_t *object, const char *key)
{
	return (char *)json_string_value(json_object_get(object, key));
}

static uint64_t number_of(const json_t *object, const char *key)
{
	return (uint64_t)json_integer_value(json_object_get(object, key));
}

static bool is_set(const json_t *object, const char *key)
{
	return json_is_true(json_object_get(object, key));
}

/* ---- reading ---- */

static enum frame_language language_of(const char *name)
{
	static const enum frame_language all[] = { FRAME_C, FRAME_CXX, FRAME_CYTHON, FRAME_PYTHON };
	for (size_t i = 0; i < sizeof all / sizeof *all; i++)
		if (!strcmp(frame_language_name(all[i]), name))
			return all[i];
	return FRAME_UNKNOWN;
}

static struct stack read_stack(const json_t *numbers, struct frame *frames)
{
	const json_t *all = json_object_get(data, "frames");
	struct stack stack = { frames, json_array_size(numbers) };
	assert_true(stack.count <= FRAMES_MOST);
	for (size_t i = 0; i < stack.count; i++) {
		size_t at = (size_t)json_integer_value(json_array_get(numbers, i));
		const json_t *frame = json_array_get(all, at);
		assert_non_null(frame);
		frames[i] = (struct frame){ .language = language_of(text_of(frame, "language")),
					    .function = text_of(frame, "function"),
					    .file = text_of(frame, "file"),
					    .line = (int)number_of(frame, "line"),
					    .module = text_of(frame, "module"),
					    .plumbing = is_set(frame, "plumbing") };
	}
	return stack;
}

static void read_subject(const json_t *from, struct report *report)
{
	report->finding.subject =
		(struct subject){ .kind = subject_kind_parse(text_of(from, "kind")),
				  .type = text_of(from, "type"),
				  .offset = number_of(from, "offset"),
				  .size = number_of(from, "size"),
				  .member = text_of(from, "member"),
				  .global = text_of(from, "global"),
				  .allocated = read_stack(json_object_get(from, "made"),
							  report->frames[2]) };
}

static size_t read_texts(const json_t *array, char **texts)
{
	size_t count = json_array_size(array);
	for (size_t i = 0; i < count && i < TEXTS_MOST; i++)
		texts[i] = (char *)json_string_value(json_array_get(array, i));
	return count < TEXTS_MOST ? count : TEXTS_MOST;
}

static enum finding_status status_of(const char *name)
{
	for (int i = 0; name && i < STATUS_COUNT; i++)
		if (!strcmp(finding_status_name((enum finding_status)i), name))
			return (enum finding_status)i;
	return STATUS_NEW;
}

static void read_finding(const json_t *from, struct report *report)
{
	struct finding *finding = &report->finding;
	*finding = (struct finding){ .kind = (enum finding_kind)finding_kind_parse(
					     text_of(from, "kind")),
				     .status = status_of(text_of(from, "status")),
				     .rank = (enum finding_rank)number_of(from, "rank"),
				     .follows = text_of(from, "follows"),
				     .detail = text_of(from, "detail"),
				     .tests = report->tests,
				     .test_count = 1,
				     .replays = report->replays,
				     .participants = report->sides };
	report->tests[0] = text_of(from, "test");
	if (json_object_get(from, "tests"))
		finding->test_count = read_texts(json_object_get(from, "tests"), report->tests);
	finding->replay_count = read_texts(json_object_get(from, "replays"), report->replays);
}

static void read_report(const json_t *from, struct report *report)
{
	const json_t *sides = json_object_get(from, "sides");
	report->bug = text_of(from, "bug");
	report->run = text_of(from, "run");
	report->told = json_object_get(from, "id") != NULL;
	read_finding(from, report);
	report->finding.participant_count = json_array_size(sides);
	assert_true(json_array_size(sides) <= 2);
	for (size_t i = 0; i < json_array_size(sides); i++) {
		const json_t *side = json_array_get(sides, i);
		report->sides[i] = (struct participant){
			.role = (char *)"access",
			.write = is_set(side, "write"),
			.atomic = is_set(side, "atomic"),
			.frees = is_set(side, "frees"),
			.size = number_of(side, "size"),
			.address = 0x7f0000001000 + number_of(side, "address"),
			.type = text_of(side, "type"),
			.operation = text_of(side, "operation"),
			.stack = read_stack(json_object_get(side, "frames"), report->frames[i])
		};
	}
	read_subject(json_object_get(from, "subject"), report);
	report->finding.id = report->told ? xstrdup(text_of(from, "id"))
					  : fingerprint_finding(&report->finding, &roots);
}

static int read_data(void **state)
{
	(void)state;
	json_error_t error;
	data = json_load_file("tests/unit/fixtures/truth.json", 0, &error);
	const json_t *list = json_object_get(data, "reports");
	report_count = json_array_size(list);
	reports = xcalloc(report_count, sizeof *reports);
	for (size_t i = 0; i < report_count; i++)
		read_report(json_array_get(list, i), &reports[i]);
	return report_count ? 0 : -1;
}

static int forget_data(void **state)
{
	(void)state;
	for (size_t i = 0; i < report_count; i++)
		free(reports[i].finding.id);
	free(reports);
	json_decref(data);
	return 0;
}

/* ---- there are enough ---- */

static bool is_first(size_t index)
{
	for (size_t i = 0; i < index; i++)
		if (!strcmp(reports[i].bug, reports[index].bug))
			return false;
	return true;
}

static void there_are_enough_of_both_sources(void **state)
{
	(void)state;
	size_t bugs = 0, listed = 0;
	for (size_t i = 0; i < report_count; i++) {
		bugs += is_first(i);
		listed += !strncmp(reports[i].run, "listed", strlen("listed"));
	}
	print_message("# %zu reports of %zu bugs, %zu from the list\n", report_count, bugs, listed);
	assert_true(report_count >= 100 && bugs >= 40 && listed >= 50);
}

/* ---- ids ---- */

static void two_bugs_have_two_ids(void **state)
{
	(void)state;
	size_t merged = 0;
	for (size_t i = 0; i < report_count; i++)
		for (size_t k = 0; k < i; k++)
			if (!strcmp(reports[i].finding.id, reports[k].finding.id) &&
			    strcmp(reports[i].bug, reports[k].bug) != 0) {
				print_message("# %s: %s (%s), %s (%s)\n", reports[i].finding.id,
					      reports[i].bug, reports[i].run, reports[k].bug,
					      reports[k].run);
				merged++;
			}
	assert_int_equal(merged, 0);
}

enum change {
	LINES,     /* the sources were edited above */
	FOLDERS,   /* built somewhere else */
	ADDRESSES, /* another layout */
	SIDES,     /* the other thread came first */
	TEST,      /* another test met it */
	CHANGES,
};

static char *moved(const char *file)
{
	return !file ? NULL : file[0] == '/' ? xprintf("/elsewhere%s", file) : xstrdup(file);
}

static void change_frame(struct frame *frame, enum change change)
{
	frame->line += change == LINES ? 37 : 0;
	frame->file = change == FOLDERS ? moved(frame->file)
		      : frame->file     ? xstrdup(frame->file)
					: NULL;
	frame->function = xstrdup(frame->function);
}

static void clear_frames(struct report *report)
{
	for (size_t i = 0; i < 2; i++)
		for (size_t k = 0; k < report->sides[i].stack.count; k++) {
			free(report->frames[i][k].file);
			free(report->frames[i][k].function);
		}
}

/* The id of the report as it would be after the change; to be freed. */
static char *changed_id(const struct report *original, enum change change)
{
	struct report report = *original;
	for (size_t i = 0; i < 2; i++) {
		report.sides[i].stack.frames = report.frames[i];
		report.sides[i].address += change == ADDRESSES ? 0x5550 : 0;
		for (size_t k = 0; k < report.sides[i].stack.count; k++)
			change_frame(&report.frames[i][k], change);
	}
	struct participant sides[2] = { report.sides[change == SIDES],
					report.sides[change != SIDES] };
	report.finding.participants = sides;
	report.tests[0] = change == TEST ? (char *)"another/test_b.py::test_b[3]" : report.tests[0];
	report.finding.tests = report.tests;
	char *id = fingerprint_finding(&report.finding, &roots);
	clear_frames(&report);
	return id;
}

static void an_id_holds_over_builds_and_days(void **state)
{
	(void)state;
	size_t split = 0;
	for (size_t i = 0; i < report_count; i++)
		for (enum change change = 0; change < CHANGES && !reports[i].told; change++) {
			char *id = changed_id(&reports[i], change);
			if (strcmp(id, reports[i].finding.id) != 0) {
				print_message("# %s (%s), change %d: %s, not %s\n", reports[i].bug,
					      reports[i].run, (int)change, id,
					      reports[i].finding.id);
				split++;
			}
			free(id);
		}
	assert_int_equal(split, 0);
}

/* ---- entries ---- */

static const struct report *report_of(const struct finding *finding)
{
	for (size_t i = 0; i < report_count; i++)
		if (&reports[i].finding == finding)
			return &reports[i];
	fail_msg("a finding that is none of ours");
	return NULL;
}

/* A finding is in a run once. */
static size_t take_run(const char *run, const struct finding **list)
{
	size_t count = 0;
	for (size_t i = 0; i < report_count; i++) {
		bool there = strcmp(reports[i].run, run) != 0;
		for (size_t k = 0; !there && k < count; k++)
			there = !strcmp(list[k]->id, reports[i].finding.id);
		if (!there)
			list[count++] = &reports[i].finding;
	}
	return count;
}

/* Says what is wrong with the entries of a run. */
static void check_run(const char *run, size_t *merged, size_t *split)
{
	const struct finding **list = xcalloc(report_count, sizeof *list);
	size_t count = take_run(run, list);
	struct run_info info = { 0 };
	struct report_input input = { .run = &info, .findings = list, .count = count };
	struct entries *entries = entries_new(&input);
	for (size_t i = 0; i < entries->count; i++) {
		const struct report_entry *entry = &entries->items[i];
		const char *bug = report_of(entry->members[0])->bug;
		for (size_t k = 1; k < entry->count; k++)
			if (strcmp(report_of(entry->members[k])->bug, bug) != 0) {
				print_message("# %s: merged %s, %s: %s\n", run, bug,
					      report_of(entry->members[k])->bug, entry->title);
				++*merged;
				break;
			}
		for (size_t k = 0; k < i; k++)
			if (!strcmp(report_of(entries->items[k].members[0])->bug, bug)) {
				print_message("# %s: split %s: %s\n", run, bug, entry->title);
				++*split;
				break;
			}
	}
	entries_free(entries);
	free(list);
}

static void one_bug_is_one_entry(void **state)
{
	(void)state;
	size_t merged = 0, split = 0;
	for (size_t i = 0; i < report_count; i++) {
		bool first = true;
		for (size_t k = 0; k < i; k++)
			first = first && strcmp(reports[k].run, reports[i].run) != 0;
		if (first)
			check_run(reports[i].run, &merged, &split);
	}
	assert_int_equal(merged, 0);
	assert_int_equal(split, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(there_are_enough_of_both_sources),
		cmocka_unit_test(two_bugs_have_two_ids),
		cmocka_unit_test(an_id_holds_over_builds_and_days),
		cmocka_unit_test(one_bug_is_one_entry),
	};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, read_data, forget_data);
}
