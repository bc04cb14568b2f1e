/*
 * junit.c - the report as JUnit XML, for CI that reads test results.
 *
 *	<testsuite name="SUITE">
 *	  <testcase classname="SUITE" name="3 iterations ...">                the run itself: passes, or
 *	    <error message="nothing passed"/>                                 why it tells nothing
 *	  <testcase classname="SUITE.data-race" name="TITLE [ID]" file line>  an entry (entries.h)
 *	    <failure type="data-race" message="TITLE">                        that is new, in lines of text
 *	    <skipped message="known from an earlier run"/>                    or is not
 *	<testsuite name="SUITE tests">
 *	  <testcase classname="tests/test_a.py" name="test_b">                a test that had a turn: passes, or
 *	    <failure message="1 new: TITLE [ID]">                             the new entries that it has shown
 *
 * XML has no way to write most control characters, not even as references: they are shown as the pictures that
 * Unicode has of them.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "reports/covered.h"
#include "reports/entries.h"
#include "reports/formats.h"
#include "reports/text.h"
#include "reports/told.h"
#include "reports/tried.h"
#include "reports/user_files.h"

#define NAME_MAX_BYTES (size_t)1000
#define TEXT_MAX (size_t)64000

/* The length of a sequence of valid UTF-8. */
static size_t length_of(unsigned char first)
{
	return first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
}

/* U+FFFE and U+FFFF are no characters of XML; those from U+0080 to U+009F steer terminals. */
static bool is_no_character(const char *at, size_t length)
{
	if (length == 2)
		return (unsigned char)at[0] == 0xc2 && (unsigned char)at[1] < 0xa0;
	return length == 3 && (!memcmp(at, "\xef\xbf\xbe", 3) || !memcmp(at, "\xef\xbf\xbf", 3));
}

/* Appends one character, of `length` bytes. A newline of an attribute would be read as a blank. */
static void add_character(struct buf *out, const char *at, size_t length)
{
	unsigned char c = (unsigned char)*at;
	static const char *const named[128] = { ['&'] = "&amp;",        ['<'] = "&lt;",
						['>'] = "&gt;",         ['"'] = "&quot;",
						['\n'] = "&#10;",       ['\t'] = "&#9;",
						[0x7f] = "\xe2\x90\xa1" };
	if (length == 1 && named[c])
		buf_puts(out, named[c]);
	else if (length == 1 && c < 0x20)
		buf_printf(out, "\xe2\x90%c", 0x80 + c); /* U+2400.. */
	else if (is_no_character(at, length))
		buf_puts(out, "\xef\xbf\xbd");
	else
		buf_add(out, at, length);
}

/* As the value of an attribute, or as text. */
static void add_xml(struct buf *out, const char *text, size_t most)
{
	struct buf clean = { 0 };
	text_add_most(&clean, text ? text : "", most);
	for (size_t i = 0; i < clean.length;) {
		size_t length = length_of((unsigned char)clean.data[i]);
		add_character(out, clean.data + i, length);
		i += length;
	}
	buf_free(&clean);
}

/* The same with lines. */
static void add_lines(struct buf *out, const char *text, size_t most)
{
	for (const char *end; (end = strchr(text, '\n')); text = end + 1) {
		char *line = xstrndup(text, (size_t)(end - text));
		add_xml(out, line, most);
		buf_puts(out, "\n");
		free(line);
	}
	add_xml(out, text, most);
}

static void add_attribute(struct buf *out, const char *name, const char *value)
{
	buf_printf(out, " %s=\"", name);
	add_xml(out, value, NAME_MAX_BYTES);
	buf_puts(out, "\"");
}

/* ---- entries ---- */

static bool fails(const struct report_entry *entry)
{
	return entry->witness->status == STATUS_NEW;
}

static const char *why_skipped(enum finding_status status)
{
	switch (status) {
	case STATUS_KNOWN:
		return "known";
	case STATUS_DOCUMENTED:
		return "documented";
	case STATUS_UPSTREAM:
		return "known upstream";
	default:
		return "suppressed";
	}
}

static void add_outcome(struct buf *out, const struct report_input *input,
			const struct entries *entries, const struct report_entry *entry)
{
	const struct finding *witness = entry->witness;
	char *text = told_text(input, entries, entry, TEXT_MAX);
	struct buf title = { 0 };
	text_add_line(&title, entry->title);
	if (fails(entry)) {
		buf_puts(out, "   <failure");
		add_attribute(out, "type", finding_kind_name(witness->kind));
		add_attribute(out, "message", title.data);
		buf_puts(out, ">");
		add_lines(out, text, TEXT_MAX);
		buf_puts(out, "</failure>\n");
	} else {
		struct buf why = { 0 };
		buf_puts(&why, why_skipped(witness->status));
		if (witness->suppressed_by)
			buf_printf(&why, ": %s", witness->suppressed_by);
		else if (witness->status == STATUS_KNOWN)
			buf_puts(&why, " from an earlier run");
		buf_puts(out, "   <skipped");
		add_attribute(out, "message", why.data);
		buf_puts(out, "/>\n   <system-out>");
		add_lines(out, text, TEXT_MAX);
		buf_puts(out, "</system-out>\n");
		buf_free(&why);
	}
	buf_free(&title);
	free(text);
}

static void add_case(struct buf *out, struct user_files *files, const struct report_input *input,
		     const struct entries *entries, const struct report_entry *entry)
{
	const struct finding *witness = entry->witness;
	struct user_place place = user_files_place(files, witness);
	struct buf name = { 0 }, class = { 0 };
	buf_printf(&class, "%s.%s", input->run->suite ? input->run->suite : "ftstress",
		   finding_kind_name(witness->kind));
	text_add_line(&name, entry->title);
	if (name.length > NAME_MAX_BYTES / 2) {
		name.length = NAME_MAX_BYTES / 2;
		name.data[name.length] = '\0';
		buf_puts(&name, "...");
	}
	buf_printf(&name, " [%s]", witness->id);
	buf_puts(out, "  <testcase");
	add_attribute(out, "classname", class.data);
	add_attribute(out, "name", name.data);
	if (place.path)
		add_attribute(out, "file", place.path);
	if (place.path && place.line > 0)
		buf_printf(out, " line=\"%d\"", place.line);
	buf_puts(out, " time=\"0\">\n");
	add_outcome(out, input, entries, entry);
	buf_puts(out, "  </testcase>\n");
	buf_free(&name);
	buf_free(&class);
}

/* ---- the run ---- */

/* Why the run tells little, or NULL. */
static const char *why_nothing(const struct run_info *run)
{
	if (run->exit_code == EXIT_NOTHING_PASSED)
		return run->tests_run ? "nothing passed" : "nothing ran";
	if (run->exit_code == EXIT_INTERNAL)
		return "internal error";
	if (run->interrupted)
		return "interrupted";
	return run->iterations_done ? NULL : "nothing ran";
}

static void add_line_of(struct buf *out, const char *before, const struct buf *text)
{
	if (!text->length)
		return;
	buf_puts(out, before);
	add_lines(out, text->data, TEXT_MAX);
	buf_puts(out, "\n");
}

/* What was tried, what could not be tested, and the notes. */
static void add_said(struct buf *out, const struct run_info *run)
{
	struct buf text = { 0 };
	buf_puts(out, "   <system-out>");
	tried_add(&text, run);
	add_line_of(out, "Tried: ", &text);
	buf_clear(&text);
	covered_add(&text, run);
	add_line_of(out, "Covered: ", &text);
	buf_clear(&text);
	text_add_unimported(&text, run);
	add_line_of(out, "", &text);
	buf_clear(&text);
	text_add_failing(&text, run);
	add_line_of(out, "", &text);
	for (size_t i = 0; i < run->note_count; i++) {
		buf_clear(&text);
		buf_puts(&text, run->notes[i]);
		add_line_of(out, "Note: ", &text);
	}
	buf_puts(out, "</system-out>\n");
	buf_free(&text);
}

static void add_run_case(struct buf *out, const struct run_info *run)
{
	struct buf name = { 0 };
	const char *why = why_nothing(run);
	buf_puts(out, "  <testcase");
	add_attribute(out, "classname", run->suite ? run->suite : "ftstress");
	text_add_run(&name, run);
	add_attribute(out, "name", name.data);
	buf_printf(out, " time=\"%.3f\">\n", run->seconds);
	if (why) {
		buf_puts(out, "   <error");
		add_attribute(out, "type", "run");
		add_attribute(out, "message", why);
		buf_puts(out, "/>\n");
	}
	add_said(out, run);
	buf_puts(out, "  </testcase>\n");
	buf_free(&name);
}

static void add_properties(struct buf *out, const struct run_info *run)
{
	const char *const pairs[] = { "seed",   run->seed,           "command",  run->command,
				      "python", run->python_version, "ftstress", run->version };
	buf_puts(out, "  <properties>\n");
	for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i += 2) {
		buf_puts(out, "   <property");
		add_attribute(out, "name", pairs[i]);
		add_attribute(out, "value", pairs[i + 1]);
		buf_puts(out, "/>\n");
	}
	buf_puts(out, "  </properties>\n");
}

/* `tests` and `failing`: of the testsuite of tests. */
static void add_head(struct buf *out, const struct run_info *run, const struct entries *entries,
		     size_t tests, size_t failing)
{
	size_t failures = 0, errors = why_nothing(run) != NULL;
	char stamp[32] = "1970-01-01T00:00:00";
	time_t started = (time_t)run->started;
	struct tm utc;
	for (size_t i = 0; i < entries->count; i++)
		failures += fails(&entries->items[i]);
	if (gmtime_r(&started, &utc))
		strftime(stamp, sizeof stamp, "%Y-%m-%dT%H:%M:%S", &utc);
	static const char counts[] = " tests=\"%zu\" failures=\"%zu\" errors=\"%zu\"";
	buf_puts(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"ftstress\"");
	buf_printf(out, counts, entries->count + 1 + tests, failures + failing, errors);
	buf_printf(out, " time=\"%.3f\">\n <testsuite", run->seconds);
	add_attribute(out, "name", run->suite ? run->suite : "ftstress");
	buf_printf(out, counts, entries->count + 1, failures, errors);
	buf_printf(out, " skipped=\"%zu\" time=\"%.3f\" timestamp=\"%s\">\n",
		   entries->count - failures, run->seconds, stamp);
}

/* ---- tests ---- */

/* The entries that are new, by the tests that showed them. */
struct shown {
	const char *test;
	const struct report_entry *entry;
};

struct all_shown {
	struct shown *items;
	size_t count, capacity;
};

static int by_test(const void *a, const void *b)
{
	const struct shown *one = a, *other = b;
	int order = strcmp(one->test, other->test);
	return order ? order : one->entry < other->entry ? -1 : one->entry > other->entry;
}

static struct all_shown shown_by_tests(const struct entries *entries)
{
	struct all_shown shown = { 0 };
	for (size_t i = 0; i < entries->count; i++) {
		const struct report_entry *entry = &entries->items[i];
		for (size_t k = 0; fails(entry) && k < entry->count; k++)
			for (size_t t = 0; t < entry->members[k]->test_count; t++)
				ARRAY_PUSH(shown.items, shown.count, shown.capacity,
					   ((struct shown){ entry->members[k]->tests[t], entry }));
	}
	if (shown.count)
		qsort(shown.items, shown.count, sizeof *shown.items, by_test);
	return shown;
}

/* How many of the sorted ones from `at` on are of the test. */
static size_t count_of(const struct all_shown *shown, size_t at, const char *test)
{
	size_t end = at;
	while (end < shown->count && !strcmp(shown->items[end].test, test))
		end++;
	return end - at;
}

static size_t count_failing(const struct report_input *input, const struct all_shown *shown)
{
	size_t failing = 0, at = 0;
	for (size_t i = 0; i < input->test_count; i++) {
		const char *test = input->tests[i].test;
		while (at < shown->count && strcmp(shown->items[at].test, test) < 0)
			at++;
		failing += count_of(shown, at, test) > 0;
	}
	return failing;
}

static void add_failure(struct buf *out, const struct shown *shown, size_t count)
{
	struct buf text = { 0 };
	size_t entries = 0;
	for (size_t i = 0; i < count; i++) {
		if (i && shown[i].entry == shown[i - 1].entry)
			continue;
		buf_puts(&text, entries++ ? "\n" : "");
		text_add_line(&text, shown[i].entry->title);
		buf_printf(&text, " [%s]", shown[i].entry->witness->id);
	}
	char *message = xprintf("%zu new, told in the suite of findings", entries);
	buf_puts(out, "   <failure type=\"findings\"");
	add_attribute(out, "message", message);
	buf_puts(out, ">");
	add_lines(out, text.data, TEXT_MAX);
	buf_puts(out, "</failure>\n");
	free(message);
	buf_free(&text);
}

/* "tests/test_a.py::TestB::test_c": the part before the last "::", and the part behind that. */
static void add_test(struct buf *out, const char *test, const struct shown *shown, size_t count)
{
	const char *name = test, *end = test + strcspn(test, "[");
	for (const char *at = strstr(test, "::"); at && at < end; at = strstr(at + 2, "::"))
		name = at + 2;
	char *class = name > test ? xstrndup(test, (size_t)(name - test) - 2) : xstrdup(test);
	buf_puts(out, "  <testcase");
	add_attribute(out, "classname", class);
	add_attribute(out, "name", name);
	buf_puts(out, count ? ">\n" : "/>\n");
	if (count) {
		add_failure(out, shown, count);
		buf_puts(out, "  </testcase>\n");
	}
	free(class);
}

/* A testsuite of the tests themselves; none, where their turns were not counted. */
static void write_tests(FILE *out, struct buf *text, const struct report_input *input,
			const struct all_shown *shown, size_t failing)
{
	size_t at = 0;
	char *name = xprintf("%s tests", input->run->suite ? input->run->suite : "ftstress");
	buf_puts(text, " <testsuite");
	add_attribute(text, "name", name);
	buf_printf(text, " tests=\"%zu\" failures=\"%zu\" errors=\"0\" skipped=\"0\">\n",
		   input->test_count, failing);
	for (size_t i = 0; i < input->test_count && !ferror(out); i++) {
		const char *test = input->tests[i].test;
		while (at < shown->count && strcmp(shown->items[at].test, test) < 0)
			at++;
		add_test(text, test, &shown->items[at], count_of(shown, at, test));
		fwrite(text->data, 1, text->length, out);
		buf_clear(text);
	}
	buf_puts(text, " </testsuite>\n");
	free(name);
}

static int junit_write(FILE *out, const struct report_input *input)
{
	struct buf text = { 0 };
	struct entries *entries = entries_new(input);
	struct user_files *files = user_files_open(input->run);
	struct all_shown shown = shown_by_tests(entries);
	size_t failing = count_failing(input, &shown);
	add_head(&text, input->run, entries, input->test_count, failing);
	add_properties(&text, input->run);
	add_run_case(&text, input->run);
	errno = 0;
	for (size_t i = 0; i < entries->count && !ferror(out); i++) {
		add_case(&text, files, input, entries, &entries->items[i]);
		fwrite(text.data, 1, text.length, out);
		buf_clear(&text);
	}
	buf_puts(&text, " </testsuite>\n");
	if (input->test_count)
		write_tests(out, &text, input, &shown, failing);
	buf_puts(&text, "</testsuites>\n");
	fwrite(text.data, 1, text.length, out);
	int error = report_flush(out);
	buf_free(&text);
	user_files_close(files);
	free(shown.items);
	entries_free(entries);
	return error;
}

const struct report_format report_junit = {
	.name = "junit",
	.extension = "xml",
	.help = "JUnit XML: a new entry is a test that fails",
	.write = junit_write,
};
