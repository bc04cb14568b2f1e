/*
 * tap.c - the report as TAP, for CI that reads test results: 13, as the prove of Debian 12 refuses 14. tap14.c
 * is the same with another number: what is written means the same in both.
 *
 * An entry (entries.h) is a test point. What is new fails ("not ok"); what is known is an expected failure
 * ("not ok # TODO", which harnesses count as passed); what is upstream's or suppressed is skipped.
 * A run without findings is one point that is ok, or not if no test passed; a run that did nothing
 * is skipped as a whole.
 */
#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "reports/entries.h"
#include "reports/formats.h"
#include "reports/tap.h"
#include "reports/text.h"
#include "reports/tried.h"
#include "reports/covered.h"
#include "runner/base/util.h"
#include "runner/model/cxx_name.h"

#define STRING_MAX (size_t)30000

/* A description or a directive's reason: one line, in which "#" and "\" are escaped. */
static void add_text(struct buf *out, const char *text)
{
	struct buf line = { 0 };
	text_add_line(&line, text);
	for (size_t i = 0; i < line.length; i++) {
		if (line.data[i] == '#' || line.data[i] == '\\')
			buf_puts(out, "\\");
		buf_add(out, &line.data[i], 1);
	}
	buf_free(&line);
}

/* A string of JSON, in which controls beyond ASCII's first ones, which steer terminals as well, are escaped. */
static void add_string(struct buf *out, const char *text)
{
	for (const unsigned char *c = (const unsigned char *)text; *c; c++) {
		if (*c == 0x7f)
			buf_puts(out, "\\u007F");
		else if (*c == 0xc2 && c[1] < 0xa0)
			buf_printf(out, "\\u00%02X", *++c);
		else
			buf_add(out, c, 1);
	}
}

/* The text as a string of JSON; to be freed. */
static char *json_of(const char *text, size_t most)
{
	struct buf clean = { 0 };
	text_add_most(&clean, text, most);
	json_t *string = json_stringn_nocheck(clean.data ? clean.data : "", clean.length);
	char *json = json_dumps(string, JSON_ENCODE_ANY);
	if (!json)
		abort(); /* of a valid string only without memory, for which xmalloc ends as well */
	json_decref(string);
	buf_free(&clean);
	return json;
}

/* "  key: value" with the value as JSON, which is YAML. prove reads no more than 32,766 characters of it. */
static void add_pair(struct buf *out, const char *key, const char *value)
{
	if (!value)
		return;
	size_t most = STRING_MAX;
	char *json = json_of(value, most);
	while (strlen(json) > STRING_MAX) {
		free(json);
		json = json_of(value, most /= 2);
	}
	buf_printf(out, "  %s: ", key);
	add_string(out, json);
	buf_puts(out, "\n");
	free(json);
}

static void add_place(struct buf *out, const char *key, const struct frame *frame)
{
	if (!frame)
		return;
	struct buf place = { 0 };
	char *name = frame_name(frame);
	buf_puts(&place, name);
	free(name);
	if (frame->file && frame->line)
		buf_printf(&place, " (%s:%s%d)", frame->file, frame->near_line ? "~" : "",
			   frame->line);
	add_pair(out, key, place.data);
	buf_free(&place);
}

static void add_thread(struct buf *out, const struct finding *finding,
		       const struct participant *side)
{
	struct text_place place = text_place(finding, side);
	struct buf locks = { 0 };
	add_pair(out, "- role", side->role ? side->role : "");
	add_pair(out, "  thread", side->thread);
	for (size_t i = 0; i < side->lock_count; i++) {
		buf_puts(&locks, i ? "; " : "");
		text_add_lock(&locks, &side->locks[i]);
	}
	add_pair(out, "  holds", locks.data);
	add_place(out, "  python", place.python);
	add_place(out, "  cython", place.cython);
	add_place(out, "  native", place.native);
	if (place.loop)
		add_pair(out, "  native", "the interpreter's loop itself, for that line");
	add_pair(out, "  note", text_mixed(finding, side));
	buf_free(&locks);
}

/* What several findings come to, and which they are. */
static void add_type(struct buf *out, const struct report_entry *entry)
{
	struct buf list = { 0 };
	add_pair(out, "type", entry->type);
	entry_add_ranks(&list, entry);
	add_pair(out, "ranks", list.data);
	buf_clear(&list);
	entry_add_names(&list, entry->operations, entry->operation_count, SIZE_MAX - 1);
	add_pair(out, "operations", list.data);
	buf_clear(&list);
	entry_add_fields(&list, entry, SIZE_MAX - 1);
	add_pair(out, "fields", list.data);
	buf_clear(&list);
	entry_add_names(&list, entry->pairs, entry->pair_count, SIZE_MAX - 1);
	add_pair(out, "pairs", list.data);
	buf_clear(&list);
	entry_add_names(&list, entry->functions, entry->function_count, SIZE_MAX - 1);
	add_pair(out, "functions", list.data);
	buf_free(&list);
	buf_puts(out, "  findings:\n");
	for (size_t i = 0; i < entry->count; i++)
		buf_printf(out, "    - %s\n", entry->members[i]->id);
}

static void add_diagnostic(struct buf *out, const struct report_entry *entry)
{
	const struct finding *finding = entry->witness;
	buf_puts(out, "  ---\n");
	if (entry->fields)
		add_type(out, entry);
	add_pair(out, "id", finding->id);
	add_pair(out, "kind", finding_kind_name(finding->kind));
	add_pair(out, "status", finding_status_name(finding->status));
	buf_printf(out, "  count: %" PRIu64 "\n", finding->run_count);
	add_pair(out, "test", finding->test_count ? finding->tests[0] : NULL);
	add_pair(out, "command", finding->command);
	add_pair(out, "said", finding->said);
	add_pair(out, "because", finding->because);
	add_pair(out, "about", finding->subject.description);
	add_pair(out, "evidence", finding->evidence);
	add_pair(out, "script", finding->script);
	add_pair(out, "no_script", finding->no_script);
	add_pair(out, "rank", finding->rank ? finding_rank_name(finding->rank) : NULL);
	add_pair(out, "follows", finding->follows);
	struct buf order = { 0 };
	if (text_add_as_written(&order, finding))
		add_pair(out, "as_written", order.data);
	buf_free(&order);
	if (finding->participant_count)
		buf_puts(out, "  threads:\n");
	for (size_t i = 0; i < finding->participant_count; i++)
		add_thread(out, finding, &finding->participants[i]);
	add_pair(out, "interleaving", finding->interleaving);
	add_pair(out, "detail", finding->detail);
	buf_puts(out, "  ...\n");
}

static void add_point(struct buf *out, size_t number, const struct report_entry *entry)
{
	const struct finding *finding = entry->witness;
	bool fails = finding->status == STATUS_NEW || finding->status == STATUS_KNOWN;
	buf_printf(out, "%s %zu - %s: ", fails ? "not ok" : "ok", number,
		   text_kind(finding->kind, entry->count));
	add_text(out, entry->title);
	switch (finding->status) {
	case STATUS_KNOWN:
		buf_puts(out, " # TODO known from ");
		add_text(out, finding->suppressed_by ? finding->suppressed_by : "an earlier run");
		break;
	case STATUS_DOCUMENTED:
	case STATUS_UPSTREAM:
	case STATUS_SUPPRESSED:
		buf_puts(out, finding->status == STATUS_UPSTREAM     ? " # SKIP known to CPython"
			      : finding->status == STATUS_DOCUMENTED ? " # SKIP documented"
								     : " # SKIP suppressed");
		if (finding->suppressed_by) {
			buf_puts(out, " by ");
			add_text(out, finding->suppressed_by);
		}
		break;
	default:
		break;
	}
	buf_puts(out, "\n");
	add_diagnostic(out, entry);
}

/* Comments: what was tried, and what to run next. */
static void add_tried(struct buf *out, const struct run_info *run)
{
	struct buf tried = { 0 }, next = { 0 };
	if (tried_add(&tried, run)) {
		buf_puts(out, "# tried: ");
		add_text(out, tried.data);
		buf_puts(out, "\n");
	}
	buf_clear(&tried);
	if (covered_add(&tried, run)) {
		buf_puts(out, "# covered: ");
		add_text(out, tried.data);
		buf_puts(out, "\n");
	}
	if (tried_add_next(&next, run)) {
		buf_puts(out, "# next: ");
		add_text(out, next.data);
		buf_puts(out, "\n");
	}
	buf_free(&tried);
	buf_free(&next);
}

/* Comments: what was not tested, and the first example, in up to three lines. */
static void add_untested(struct buf *out, const char *text, const char *const said[3])
{
	buf_puts(out, "# ");
	add_text(out, text);
	for (size_t i = 0; i < 3; i++) {
		if (!said[i])
			continue;
		buf_puts(out, i == 0 ? "\n#   the first: " : "\n#     ");
		add_text(out, said[i]);
	}
	buf_puts(out, "\n");
}

/* Files that can't be imported and tests that never passed. */
static void add_not_tested(struct buf *out, const struct run_info *run)
{
	struct buf text = { 0 };
	if (text_add_unimported(&text, run))
		add_untested(
			out, text.data,
			(const char *const[]){ run->unimported_file, run->unimported_why, NULL });
	buf_clear(&text);
	if (text_add_failing(&text, run))
		add_untested(out, text.data,
			     (const char *const[]){ run->failing_test, run->failing_why,
						    run->failing_where });
	buf_free(&text);
}

int tap_write(FILE *out, const struct report_input *input, int version)
{
	struct buf text = { 0 }, run = { 0 };
	struct entries *entries = entries_new(input);
	text_add_run(&run, input->run);
	buf_printf(&text, "TAP version %d\n", version);
	if (!input->count && !input->run->iterations_done) {
		buf_puts(&text, "1..0 # SKIP nothing ran\n");
	} else {
		buf_printf(&text, "1..%zu\n# ", entries->count ? entries->count : 1);
		add_text(&text, run.data);
		buf_puts(&text, input->run->interrupted ? ", interrupted\n" : "\n");
		add_tried(&text, input->run);
		add_not_tested(&text, input->run);
	}
	bool passed = input->run->exit_code != EXIT_NOTHING_PASSED;
	if (!input->count && input->run->iterations_done)
		buf_puts(&text, passed ? "ok 1 - nothing found\n" : "not ok 1 - nothing passed\n");
	errno = 0;
	for (size_t i = 0; i < entries->count; i++) {
		add_point(&text, i + 1, &entries->items[i]);
		if (fwrite(text.data, 1, text.length, out) != text.length)
			break;
		buf_clear(&text);
	}
	fwrite(text.data, 1, text.length, out);
	int error = report_flush(out);
	buf_free(&text);
	buf_free(&run);
	entries_free(entries);
	return error;
}

static int tap13_write(FILE *out, const struct report_input *input)
{
	return tap_write(out, input, 13);
}

const struct report_format report_tap = {
	.name = "tap",
	.extension = "tap",
	.help = "TAP 13: a finding is a test point",
	.write = tap13_write,
};
