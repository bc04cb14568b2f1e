/*
 * resolve.c - what a report costs, and what of it is kept: runner/collate/resolve.c between stacks of
 * Python code, which need no symbolizer, and a ledger. What findings look like is in collate.c.
 */
#include "tests/unit/fixtures/records.h"

#include "runner/collate/resolve.h"

enum { ZYGOTE = 100, CHILD = 200, OTHER_CHILD = 201 };
enum { READER = 1, WRITER, HELPER_OF_WRITER, OTHER, CODES };

static const char *const slice[] = { "t.py::test_a", "t.py::test_b" };
static const char *const names[CODES] = { NULL, "read", "write", "helper", "other" };

struct bench {
	struct resolver_parts parts;
	struct resolver *resolver;
	struct roots roots;
	struct tables tables;
	struct iteration_context context;
	struct stream stream;
};

static void nothing_to_note(void *context, const char *text)
{
	(void)context;
	fail_msg("a note: %s", text);
}

/* The code of a process: `pid` 0 is the zygote. */
static void tell_code(struct bench *b, uint32_t pid, uint32_t id, unsigned name)
{
	static const uint8_t table[] = { 0x80 | 13 << 3 | 7, 0 };
	struct code_text text = { .qualname = names[name],
				  .file = "/site/pkg/mod.py",
				  .table = table,
				  .qualname_length = strlen(names[name]),
				  .file_length = strlen("/site/pkg/mod.py"),
				  .table_length = sizeof table,
				  .first_line = (int)name * 10 };
	tables_code(&b->tables, pid, id, symbolizer_code(b->parts.symbolizer, &text));
}

static struct bench *bench_with(struct suppressions *suppressions)
{
	static const char *const sites[] = { "/site" };
	struct bench *b = xcalloc(1, sizeof *b);
	struct symbolizer_options options = { .path = "/no/such/symbolizer",
					      .note = nothing_to_note };
	b->roots = (struct roots){ sites, 1 };
	b->parts.symbolizer = symbolizer_open(&options);
	b->parts.stacks = stacks_new(b->parts.symbolizer, &b->roots);
	b->parts.ledger = ledger_open(&(struct collate_options){ .command = "ftstress --suite s",
								 .suppressions = suppressions });
	b->parts.suppressions = suppressions;
	b->parts.places = b->roots;
	b->resolver = resolver_new(&b->parts);
	b->context = (struct iteration_context){ .zygote = 1,
						 .zygote_pid = ZYGOTE,
						 .iteration = 1,
						 .replay = "a.1.0",
						 .tests = slice,
						 .test_count = 2 };
	for (unsigned name = 1; name < CODES; name++)
		tell_code(b, 0, name, name);
	b->stream.pid = CHILD;
	return b;
}

static int set_up(void **state)
{
	*state = bench_with(NULL);
	return 0;
}

static int tear_down(void **state)
{
	struct bench *b = *state;
	resolver_free(b->resolver);
	ledger_close(b->parts.ledger);
	stacks_free(b->parts.stacks);
	symbolizer_close(b->parts.symbolizer);
	tables_free(&b->tables);
	buf_free(&b->stream.bytes);
	free(b);
	return 0;
}

/* A race of frames, innermost first, each the code of that id; the other side is the reader's. */
static void put_race_of(struct bench *b, unsigned inner, unsigned outer, unsigned instruction)
{
	const uint64_t writer[] = { python_pc(inner, instruction),
				    outer ? python_pc(outer, instruction) : 0, 0 };
	const uint64_t reader[] = { python_pc(READER, 0), 0 };
	put_race(&b->stream, (struct side){ 1, FTS_ACCESS_WRITE, writer },
		 (struct side){ 2, 0, reader }, 0x1000);
}

static struct resolved take(struct bench *b)
{
	struct resolved counts = resolver_take(b->resolver, &b->context, &b->tables,
					       b->stream.bytes.data, b->stream.bytes.length);
	buf_clear(&b->stream.bytes);
	return counts;
}

static const struct finding *const *findings(const struct bench *b, size_t count)
{
	size_t there;
	const struct finding *const *all = ledger_findings(b->parts.ledger, &there);
	assert_int_equal(there, count);
	return all;
}

static const struct finding *only(const struct bench *b)
{
	return findings(b, 1)[0];
}

static const char *written_by(const struct finding *finding)
{
	for (size_t i = 0; i < finding->participant_count; i++)
		if (strcmp(finding->participants[i].stack.frames[0].function, names[READER]) != 0)
			return finding->participants[i].stack.frames[0].function;
	fail_msg("nobody writes");
	return NULL;
}

static void the_same_race_is_counted_and_adds_no_stack(void **state)
{
	struct bench *b = *state;
	put_race_of(b, WRITER, 0, 0);
	assert_int_equal(take(b).reports, 1);
	size_t stacks = stacks_count(b->parts.stacks);
	for (int i = 0; i < 99; i++)
		put_race_of(b, WRITER, 0, 0);
	assert_int_equal(take(b).reports, 99);
	assert_int_equal(stacks_count(b->parts.stacks), stacks);
	assert_int_equal(only(b)->run_count, 100);
	assert_string_equal(written_by(only(b)), "write");
}

/* Same line, another instruction: another stack, the same finding. */
static void another_stack_of_one_place_is_one_finding(void **state)
{
	struct bench *b = *state;
	put_race_of(b, WRITER, 0, 0);
	take(b);
	size_t stacks = stacks_count(b->parts.stacks);
	put_race_of(b, WRITER, 0, 1);
	take(b);
	assert_true(stacks_count(b->parts.stacks) > stacks);
	assert_int_equal(only(b)->run_count, 2);
}

static void other_places_are_other_findings(void **state)
{
	struct bench *b = *state;
	put_race_of(b, WRITER, 0, 0);
	put_race_of(b, OTHER, 0, 0);
	take(b);
	const struct finding *const *both = findings(b, 2);
	assert_string_not_equal(both[0]->id, both[1]->id);
}

/* Which thread was the first in the report is an accident. */
static void sides_that_are_told_in_the_other_order_are_the_same_race(void **state)
{
	struct bench *b = *state;
	const uint64_t writer[] = { python_pc(WRITER, 0), 0 },
		       reader[] = { python_pc(READER, 0), 0 };
	put_race_of(b, WRITER, 0, 0);
	put_race(&b->stream, (struct side){ 1, 0, reader },
		 (struct side){ 2, FTS_ACCESS_WRITE, writer }, 0x2000);
	take(b);
	assert_int_equal(only(b)->run_count, 2);
}

static void what_breaks_the_wire_format_is_skipped_and_counted(void **state)
{
	struct bench *b = *state;
	put_race_of(b, WRITER, 0, 0);
	begin_report(&b->stream, FTS_REPORT_DATA_RACE, "");
	struct fts_report report;
	memcpy(&report, b->stream.bytes.data + b->stream.report, sizeof report);
	report.section_count = 7; /* that are not there */
	memcpy(b->stream.bytes.data + b->stream.report, &report, sizeof report);
	stream_end(&b->stream);
	put_race_of(b, WRITER, 0, 0);
	struct resolved counts = take(b);
	assert_int_equal(counts.reports, 2);
	assert_int_equal(counts.broken, 1);
	assert_int_equal(only(b)->run_count, 2);
	counts = take(b); /* of nothing */
	assert_int_equal(counts.reports + counts.broken, 0);
}

/* ---- races on Python variables ---- */

/* What the reader writes afterwards, it writes in the function `acts`. */
static void put_variable_race_across(struct bench *b, const char *text, unsigned writes,
				     unsigned acts)
{
	const uint64_t writer[] = { python_pc(writes, 0), 0 },
		       reader[] = { python_pc(READER, 0), 0 };
	begin_report(&b->stream, FTS_REPORT_VARIABLE_RACE, text);
	put_section(
		&b->stream,
		(struct fts_section){ .kind = FTS_SEC_ACCESS, .flags = FTS_ACCESS_WRITE, .tid = 1 },
		writer, 1, "");
	put_section(&b->stream, (struct fts_section){ .kind = FTS_SEC_ACCESS, .tid = 2 }, reader, 1,
		    "");
	const uint64_t acting[] = { python_pc(acts, 0), 0 };
	put_section(&b->stream,
		    (struct fts_section){ .kind = FTS_SEC_PARTNER, .tid = -1, .value = 1 }, acting,
		    1, "");
	stream_end(&b->stream);
}

static void put_variable_race_of(struct bench *b, const char *text, unsigned writes)
{
	put_variable_race_across(b, text, writes, READER);
}

static void put_variable_race(struct bench *b, const char *text)
{
	put_variable_race_of(b, text, WRITER);
}

static void a_race_on_a_variable_names_it_and_what_is_lost(void **state)
{
	struct bench *b = *state;
	put_variable_race(b, "lost-update\tattribute\tvalue\tCounter");
	take(b);
	const struct finding *finding = only(b);
	assert_int_equal(finding->kind, FINDING_PYTHON_RACE);
	assert_int_equal(strncmp(finding->id, "python-race-", 12), 0);
	assert_string_equal(finding->title, "Counter.value: an update in read is lost if write "
					    "writes in between (pkg/mod.py:10)");
	assert_string_equal(finding->subject.description, "the Python variable Counter.value");
	assert_string_equal(finding->participants[0].role, "write");
	assert_string_equal(finding->participants[1].role, "read, before the write in line 10");
}

static void put_written_twice(struct bench *b, const char *text)
{
	const uint64_t writer[] = { python_pc(WRITER, 0), 0 };
	begin_report(&b->stream, FTS_REPORT_VARIABLE_RACE, text);
	for (int i = 0; i < 2; i++)
		put_section(&b->stream,
			    (struct fts_section){
				    .kind = FTS_SEC_ACCESS, .flags = FTS_ACCESS_WRITE, .tid = i },
			    writer, 1, "");
	stream_end(&b->stream);
}

/* The reader's read and the writer's write are one finding with two writes of the writer's. */
static void what_one_function_reads_and_another_writes_is_told_with_both(void **state)
{
	struct bench *b = *state;
	put_variable_race_across(b, "lost-update\titem\t\tdict", WRITER, WRITER);
	put_written_twice(b, "lost-update\titem\t\tdict");
	take(b);
	const struct finding *finding = only(b);
	assert_int_equal(finding->run_count, 2);
	assert_string_equal(finding->title,
			    "an item of a dict: what read reads and write writes back is lost if "
			    "another thread writes in between (pkg/mod.py:10)");
	assert_string_equal(finding->participants[1].role,
			    "read, before the write in line 20 of write");
}

static void what_one_function_checks_before_another_acts_is_told_with_both(void **state)
{
	struct bench *b = *state;
	put_variable_race_across(b, "check-then-act\tattribute\tlink\tClient", OTHER, WRITER);
	take(b);
	assert_non_null(
		strstr(only(b)->title, "Client.link: what read checks before write acts, "));
	assert_non_null(strstr(only(b)->title, " changes in between (pkg/mod.py:10)"));
}

/* The read of `reader`, the write of `writer`, and what `reader` did then. */
static void put_seen_race(struct bench *b, const char *text, const char *raised, uint16_t flags)
{
	const uint64_t writer[] = { python_pc(WRITER, 0), 0 },
		       reader[] = { python_pc(READER, 0), 0 };
	begin_report(&b->stream, FTS_REPORT_VARIABLE_LOST, text);
	put_section(&b->stream, (struct fts_section){ .kind = FTS_SEC_ACCESS, .tid = -1 }, reader,
		    1, "");
	put_section(&b->stream,
		    (struct fts_section){
			    .kind = FTS_SEC_ACCESS, .flags = FTS_ACCESS_WRITE, .tid = -1 },
		    writer, 1, "");
	put_section(&b->stream, (struct fts_section){ .kind = FTS_SEC_STEP, .tid = -1 }, reader, 1,
		    "");
	put_section(
		&b->stream,
		(struct fts_section){
			.kind = FTS_SEC_STEP, .flags = FTS_ACCESS_WRITE, .tid = -1, .value = 1 },
		writer, 1, "");
	put_section(&b->stream,
		    (struct fts_section){ .kind = FTS_SEC_STEP,
					  .flags = (uint16_t)(FTS_ACCESS_WRITE | flags),
					  .tid = -1 },
		    reader, 1, raised);
	stream_end(&b->stream);
}

static void put_lost_race(struct bench *b, const char *text, const char *raised)
{
	put_seen_race(b, text, raised, 0);
}

/* A cache that was filled twice. What loses once is no such cache. */
static void that_both_stored_an_equal_value_is_told_until_something_is_lost(void **state)
{
	struct bench *b = *state;
	put_variable_race(b, "check-then-act\titem\t\tdict");
	put_seen_race(b, "check-then-act\titem\t\tdict", "", FTS_STEP_UNKNOWN);
	take(b);
	assert_int_equal(only(b)->shows, EVIDENCE_LOSES);
	put_seen_race(b, "check-then-act\titem\t\tdict", "", FTS_STEP_EQUAL);
	take(b);
	put_seen_race(b, "check-then-act\titem\t\tdict", "", FTS_STEP_UNKNOWN);
	take(b);
	assert_int_equal(only(b)->shows, EVIDENCE_EQUAL);
	assert_non_null(strstr(only(b)->evidence, "nothing was lost"));
	put_lost_race(b, "check-then-act\titem\t\tdict", "");
	take(b);
	assert_int_equal(only(b)->shows, EVIDENCE_LOSES);
	put_seen_race(b, "check-then-act\titem\t\tdict", "", FTS_STEP_EQUAL);
	take(b);
	assert_int_equal(only(b)->shows, EVIDENCE_LOSES);
}

static void a_race_that_was_made_to_happen_is_confirmed_with_its_steps(void **state)
{
	struct bench *b = *state;
	put_variable_race(b, "lost-update\tattribute\tvalue\tCounter");
	put_lost_race(b, "lost-update\tattribute\tvalue\tCounter", "");
	take(b);
	const struct finding *finding = only(b);
	assert_int_equal(finding->run_count, 1);
	assert_int_equal(finding->shows, EVIDENCE_LOSES);
	assert_string_equal(finding->evidence, "confirmed: an update was seen lost");
	assert_string_equal(finding->interleaving, "one thread                 another thread\n"
						   "mod.py:10  reads\n"
						   "                           mod.py:20  writes\n"
						   "mod.py:10  writes over it\n");
}

static void an_exception_that_came_of_it_is_told(void **state)
{
	struct bench *b = *state;
	/* Rings are read one after the other: it may come before its report. */
	put_lost_race(b, "check-then-act\tsize\t\tlist", "IndexError");
	put_variable_race(b, "check-then-act\tsize\t\tlist");
	take(b);
	assert_string_equal(only(b)->evidence,
			    "confirmed: it acted on what had changed, and got an IndexError");
	assert_non_null(strstr(only(b)->interleaving, "\nmod.py:10  acts: IndexError\n"));
}

/* Without its report it is not known what it is; another variable's is not it. */
static void only_a_race_that_was_reported_is_confirmed(void **state)
{
	struct bench *b = *state;
	put_variable_race(b, "lost-update\tattribute\tvalue\tCounter");
	put_lost_race(b, "lost-update\tattribute\tother\tCounter", "");
	take(b);
	assert_int_equal(only(b)->shows, EVIDENCE_NONE);
	assert_null(only(b)->interleaving);
}

/* Which of the functions that use a variable meet first is chance; the bug is the same one. */
static void a_variable_with_a_name_is_one_finding(void **state)
{
	struct bench *b = *state;
	put_variable_race(b, "lost-update\tattribute\tvalue\tCounter");
	put_variable_race(b, "check-then-act\tattribute\tvalue\tCounter");
	put_variable_race_of(b, "lost-update\tattribute\tvalue\tCounter", OTHER);
	take(b);
	assert_int_equal(only(b)->run_count, 3);
	put_variable_race(b, "lost-update\tattribute\tother\tCounter");
	put_variable_race(b, "lost-update\tglobal\tvalue");
	take(b);
	findings(b, 3);
}

static void one_without_is_known_by_its_functions_and_pattern(void **state)
{
	struct bench *b = *state;
	put_variable_race(b, "lost-update\titem\t\tdict");
	put_variable_race(b, "lost-update\titem\t\tdict");
	put_variable_race(b, "check-then-act\titem\t\tdict");
	put_variable_race_of(b, "lost-update\titem\t\tdict", OTHER);
	take(b);
	findings(b, 3);
}

static void a_variable_without_a_name_is_told_by_what_it_lies_in(void **state)
{
	static const char *const texts[][2] = {
		{ "lost-update\titem\t\tlist", "an item of a list: " },
		{ "lost-update\tattribute\t\tBox", "an attribute of a Box: " },
		{ "check-then-act\tsize\t\tcollections.deque",
		  "the items of a collections.deque: " },
		{ "lost-update\tglobal\ttotal", "global total: " },
		{ "lost-update\tclosure\tn\t", "closure n: " },
		{ "two-fields\tattribute\tlow\tRange\thigh", "Range.low and high: " },
		{ "two-fields\tglobal\tlow\t\thigh", "global low and high: " },
		{ "lost-update", "an item of a container: " },
	};
	struct bench *b = *state;
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		size_t count, length = strlen(texts[i][1]), fitting = 0;
		put_variable_race(b, texts[i][0]);
		take(b);
		const struct finding *const *all = ledger_findings(b->parts.ledger, &count);
		assert_int_equal(count, i + 1);
		for (size_t k = 0; k < count; k++)
			fitting += !strncmp(all[k]->title, texts[i][1], length);
		if (fitting != 1)
			fail_msg("%s: %s", texts[i][0], all[0]->title);
	}
}

/* ---- whose code it is ---- */

static void a_child_has_its_own_code_and_else_the_zygotes(void **state)
{
	struct bench *b = *state;
	tell_code(b, CHILD, WRITER, OTHER); /* the number of one that the zygote has, too */
	put_race_of(b, WRITER, 0, 0);
	take(b);
	assert_string_equal(written_by(only(b)), "other");
	tables_drop_iteration(&b->tables);
	put_race_of(b, WRITER, 0, 0);
	take(b);
	findings(b, 2);
}

static void the_zygotes_own_reports_mean_its_own_code(void **state)
{
	struct bench *b = *state;
	tell_code(b, OTHER_CHILD, WRITER, OTHER);
	b->stream.pid = ZYGOTE;
	put_race_of(b, WRITER, 0, 0);
	b->stream.pid = OTHER_CHILD;
	put_race_of(b, WRITER, 0, 0);
	take(b);
	findings(b, 2);
}

/* The same code under another number, in another iteration and zygote, is the same stack. */
static void numbers_of_another_zygote_make_no_other_finding(void **state)
{
	struct bench *b = *state;
	put_race_of(b, WRITER, 0, 0);
	take(b);
	size_t stacks = stacks_count(b->parts.stacks);
	tables_free(&b->tables);
	b->tables = (struct tables){ 0 };
	b->context.zygote_pid = 300;
	tell_code(b, 0, WRITER, READER);
	tell_code(b, 0, READER, WRITER);
	const uint64_t writer[] = { python_pc(READER, 0), 0 },
		       reader[] = { python_pc(WRITER, 0), 0 };
	put_race(&b->stream, (struct side){ 1, FTS_ACCESS_WRITE, writer },
		 (struct side){ 2, 0, reader }, 0x1000);
	take(b);
	assert_int_equal(stacks_count(b->parts.stacks), stacks);
	assert_int_equal(only(b)->run_count, 2);
}

/* ---- the example ---- */

static void the_deeper_stack_is_the_better_example(void **state)
{
	struct bench *b = *state;
	put_race_of(b, WRITER, 0, 0);
	take(b);
	assert_int_equal(
		only(b)->participants[0].stack.count + only(b)->participants[1].stack.count, 2);
	put_race_of(b, WRITER, HELPER_OF_WRITER, 0);
	put_race_of(b, WRITER, 0, 1);
	take(b);
	assert_int_equal(only(b)->run_count, 3);
	assert_int_equal(
		only(b)->participants[0].stack.count + only(b)->participants[1].stack.count, 3);
}

static void tests_are_named_by_their_number_in_the_slice(void **state)
{
	struct bench *b = *state;
	static const uint32_t numbers[] = { 1, FTS_NO_TEST, 2 };
	for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
		b->stream.test = numbers[i]; /* the last one is behind the slice */
		put_race_of(b, WRITER, 0, 0);
	}
	take(b);
	assert_int_equal(only(b)->test_count, 1);
	assert_string_equal(only(b)->tests[0], "t.py::test_b");
	assert_int_equal(only(b)->run_count, 3);
}

/* ---- rules ---- */

static void the_example_is_one_that_no_rule_hides(void **state)
{
	(void)state;
	struct suppressions *rules = suppress_new();
	assert_int_equal(suppress_parse(rules, "mine", "race:helper\n", STATUS_SUPPRESSED), 0);
	struct bench *b = bench_with(rules);
	put_race_of(b, WRITER, HELPER_OF_WRITER, 0);
	take(b);
	assert_int_equal(only(b)->status, STATUS_SUPPRESSED);
	put_race_of(b, WRITER, 0, 0); /* the same finding, a stack that is not as deep */
	take(b);
	assert_int_equal(only(b)->status, STATUS_NEW);
	assert_int_equal(
		only(b)->participants[0].stack.count + only(b)->participants[1].stack.count, 2);
	/* A suppressed stack does not take its place again, however deep. */
	put_race_of(b, WRITER, HELPER_OF_WRITER, 1);
	take(b);
	assert_int_equal(only(b)->status, STATUS_NEW);
	assert_int_equal(
		only(b)->participants[0].stack.count + only(b)->participants[1].stack.count, 2);
	tear_down((void **)&b);
	suppress_free(rules);
}

static void a_rule_for_the_top_looks_at_the_first_frame_only(void **state)
{
	(void)state;
	struct suppressions *rules = suppress_new();
	assert_int_equal(suppress_parse(rules, "mine", "race_top:helper\n", STATUS_SUPPRESSED), 0);
	struct bench *b = bench_with(rules);
	put_race_of(b, WRITER, HELPER_OF_WRITER, 0);
	take(b);
	assert_int_equal(only(b)->status, STATUS_NEW);
	put_race_of(b, HELPER_OF_WRITER, WRITER, 0);
	take(b);
	const struct finding *const *both = findings(b, 2);
	assert_int_equal(both[0]->status + both[1]->status, STATUS_NEW + STATUS_SUPPRESSED);
	tear_down((void **)&b);
	suppress_free(rules);
}

/* ---- where an object was made ---- */

static void put_race_on_object(struct bench *b, int maker)
{
	const uint64_t writer[] = { python_pc(WRITER, 0), 0 };
	const uint64_t reader[] = { python_pc(READER, 0), 0 };
	const uint64_t made[] = { python_pc(HELPER_OF_WRITER, 0), 0 };
	struct fts_section object = {
		.kind = FTS_SEC_OBJECT, .tid = maker, .address = 0x1000, .size = 64, .value = 32
	};
	begin_report(&b->stream, FTS_REPORT_DATA_RACE, "");
	put_access(&b->stream, (struct side){ 1, FTS_ACCESS_WRITE, writer }, 0x1020);
	put_access(&b->stream, (struct side){ 2, 0, reader }, 0x1020);
	put_section(&b->stream, object, made, 1, "list");
	stream_end(&b->stream);
}

static void where_an_object_was_made_is_told_with_the_thread(void **state)
{
	static const struct {
		int tid;
		const char *by;
	} makers[] = { { -1, "" }, { 0, " by the main thread" }, { 2, " by Thread T2" } };
	(void)state;
	for (size_t i = 0; i < sizeof makers / sizeof *makers; i++) {
		struct bench *b = bench_with(NULL);
		put_race_on_object(b, makers[i].tid);
		take(b);
		char *wanted = xprintf("offset 32 of a Python object of type 'list' (64 bytes), "
				       "made at pkg/mod.py:30 in helper%s",
				       makers[i].by);
		assert_string_equal(only(b)->subject.description, wanted);
		assert_int_equal(only(b)->subject.allocated.count, 1);
		free(wanted);
		tear_down((void **)&b);
	}
}

static void a_rule_does_not_look_at_where_an_object_was_made(void **state)
{
	(void)state;
	struct suppressions *rules = suppress_new();
	assert_int_equal(suppress_parse(rules, "mine", "race:helper\n", STATUS_SUPPRESSED), 0);
	struct bench *b = bench_with(rules);
	put_race_on_object(b, 0);
	take(b);
	assert_int_equal(only(b)->status, STATUS_NEW);
	assert_int_equal(suppress_match(rules, only(b)), SUPPRESS_NONE);
	tear_down((void **)&b);
	suppress_free(rules);
}

int main(void)
{
#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(the_same_race_is_counted_and_adds_no_stack),
		TEST(another_stack_of_one_place_is_one_finding),
		TEST(other_places_are_other_findings),
		TEST(sides_that_are_told_in_the_other_order_are_the_same_race),
		TEST(what_breaks_the_wire_format_is_skipped_and_counted),
		TEST(a_child_has_its_own_code_and_else_the_zygotes),
		TEST(a_race_on_a_variable_names_it_and_what_is_lost),
		TEST(what_one_function_reads_and_another_writes_is_told_with_both),
		TEST(what_one_function_checks_before_another_acts_is_told_with_both),
		TEST(a_variable_with_a_name_is_one_finding),
		TEST(one_without_is_known_by_its_functions_and_pattern),
		TEST(a_race_that_was_made_to_happen_is_confirmed_with_its_steps),
		TEST(that_both_stored_an_equal_value_is_told_until_something_is_lost),
		TEST(an_exception_that_came_of_it_is_told),
		TEST(only_a_race_that_was_reported_is_confirmed),
		TEST(a_variable_without_a_name_is_told_by_what_it_lies_in),
		TEST(the_zygotes_own_reports_mean_its_own_code),
		TEST(numbers_of_another_zygote_make_no_other_finding),
		TEST(the_deeper_stack_is_the_better_example),
		TEST(tests_are_named_by_their_number_in_the_slice),
		cmocka_unit_test(the_example_is_one_that_no_rule_hides),
		cmocka_unit_test(a_rule_for_the_top_looks_at_the_first_frame_only),
		cmocka_unit_test(where_an_object_was_made_is_told_with_the_thread),
		cmocka_unit_test(a_rule_does_not_look_at_where_an_object_was_made),
	};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
