/*
 * summary.c - what the terminal shows at the end of a run.
 *
 *	1 new data race in 20 iterations of numpy_tests (312 tests), 4 min 12 s
 *
 *	 1. data race: MT19937: seeding under the lock, reading the state without it
 *	    at offset 16 of a Python object of type 'MT19937' (2560 bytes)
 *	    write of 4 bytes, Thread T3
 *	        holds   RandomState.lock (numpy/random/mtrand.pyx:200)
 *	        Python  numpy/random/tests/test_seed.py:41   test_seed
 *	        Cython  numpy/random/_mt19937.pyx:186        MT19937._legacy_seeding
 *	    read of 4 bytes, Thread T1
 *	        ...
 *	    14 times, in numpy/random/tests/test_seed.py::test_seed
 *	    $ ftstress --suite numpy_tests --replay 1fb3.c.2
 *
 *	 2. array.array: ob_item, allocated: 14 of its 51 operations take no lock
 *	    a plain interpreter crashes in 0.8 s: SIGSEGV
 *	    ranks       structure (12 races), plain field (3)
 *	    operations  append, extend, insert and 11 more
 *	    fields      ob_item (12 races), allocated (3)
 *	    pairs       append|pop, append|len and 34 more
 *	    write of 8 bytes, Thread T3
 *	        ...
 *
 *	Not shown: 1 known, 2 upstream, 3 suppressed.
 *
 *	Tried: 310 of 48,645 tests, 290 of them in 2 to 8 threads (...), 20 in one thread only.
 *	Next: the same command goes on with the other 48,335: about 156 runs of this length, ...
 *
 *	Slow tests; `skip = TEST` in [suite] leaves one out:
 *	    31.4 s  numpy/random/tests/test_smoke.py::test_all
 *
 * A replay is asked for what is known, and shows it. Tests that never passed, and files of tests
 * that can't be imported, are told before all else where they are more than a tenth, at the end
 * where they are fewer.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "reports/entries.h"
#include "reports/covered.h"
#include "reports/formats.h"
#include "reports/text.h"
#include "reports/tried.h"
#include "runner/model/cxx_name.h"
#include "runner/model/kinds.h"

#define SHOWN_MAX 20 /* new findings told in full: more is the report's business */
#define LINES_MAX 14 /* of a finding; two sides are always shown */
#define NAMES_MAX 8  /* operations, fields of a type */
#define PAIRS_MAX 4  /* pairs of a type */
#define CRASHES_MAX 4
#define SLOW 10.0 /* seconds of a test that is told here, too; as long as the progress waits */

enum style { PLAIN, BOLD, RED, BLUE, DIM };

struct page {
	FILE *out;
	bool color;
	unsigned columns;
};

/* A line, cut to the width, then coloured: escapes take no columns. */
static void print(const struct page *page, enum style style, struct buf *line)
{
	static const char *const codes[] = {
		[BOLD] = "1",
		[RED] = "1;31",
		[BLUE] = "34",
		[DIM] = "2",
	};
	text_cut(line, page->columns);
	const char *text = line->data ? line->data : "";
	if (page->color && style != PLAIN)
		fprintf(page->out, "\033[%sm%s\033[0m\n", codes[style], text);
	else
		fprintf(page->out, "%s\n", text);
	buf_clear(line);
}

static void add_duration(struct buf *line, double seconds)
{
	uint64_t whole = (uint64_t)(seconds + 0.5);
	if (whole >= 3600)
		buf_printf(line, "%" PRIu64 " h %" PRIu64 " min", whole / 3600, whole / 60 % 60);
	else if (whole >= 60)
		buf_printf(line, "%" PRIu64 " min %" PRIu64 " s", whole / 60, whole % 60);
	else
		buf_printf(line, "%.1f s", seconds);
}

/* "2 new data races and 1 new crash" is read better than a table: kinds in the order they come. */
static void add_kinds(struct buf *line, const struct report_input *input,
		      enum finding_status status, uint64_t count)
{
	const char *name = finding_status_name(status);
	uint64_t kinds[FINDING_KINDS] = { 0 };
	size_t different = 0, said = 0;
	for (size_t i = 0; i < input->count; i++) {
		const struct finding *finding = input->findings[i];
		if (finding->status == status)
			different += kinds[finding->kind]++ == 0;
	}
	if (different > 2)
		buf_printf(line, "%" PRIu64 " %s findings: ", count, name);
	for (enum finding_kind kind = 0; kind < FINDING_KINDS; kind++) {
		if (!kinds[kind])
			continue;
		const char *between = !said ? "" : said + 1 == different ? " and " : ", ";
		buf_printf(line, "%s%" PRIu64 "%s%s %s", between, kinds[kind],
			   different > 2 ? "" : " ", different > 2 ? "" : name,
			   text_kind(kind, kinds[kind]));
		said++;
	}
}

/* Those that are told in full. */
static bool is_shown(const struct report_input *input, const struct finding *finding)
{
	return finding->status == STATUS_NEW ||
	       (finding->status == STATUS_KNOWN && input->run->replay);
}

/* ", in 42 entries" where some have several findings. */
static void add_entries(struct buf *line, const struct report_input *input,
			const struct entries *entries)
{
	size_t told = 0, types = 0;
	for (size_t i = 0; i < entries->count; i++) {
		const struct report_entry *entry = &entries->items[i];
		told += is_shown(input, entry->witness);
		types += is_shown(input, entry->witness) && entry->fields;
	}
	if (types)
		buf_printf(line, "%s told in %zu entr%s,",
			   line->length && line->data[line->length - 1] == ',' ? "" : ",", told,
			   told == 1 ? "y" : "ies");
}

static void print_head(const struct page *page, const struct report_input *input,
		       const struct entries *entries, const uint64_t counts[STATUS_COUNT])
{
	uint64_t fresh = counts[STATUS_NEW];
	uint64_t again = input->run->replay ? counts[STATUS_KNOWN] : 0;
	struct buf line = { 0 };
	const struct run_info *run = input->run;
	if (fresh)
		add_kinds(&line, input, STATUS_NEW, fresh);
	if (again) {
		buf_puts(&line, fresh ? ", and again " : "");
		add_kinds(&line, input, STATUS_KNOWN, again);
		buf_puts(&line, fresh ? "," : " again,");
	}
	add_entries(&line, input, entries);
	if (!fresh && !again) {
		buf_puts(&line, input->count ? "Nothing new found" : "Nothing found");
		if (covered_apart(run)) {
			buf_puts(&line, ", but ");
			covered_add_apart(&line, run);
			buf_puts(&line, ",");
		}
	}
	buf_puts(&line, " in ");
	text_add_run(&line, run);
	buf_puts(&line, ", ");
	add_duration(&line, run->seconds);
	if (run->interrupted)
		buf_puts(&line, ", interrupted");
	/* The verdict is the one line that is never cut. */
	struct page wide = *page;
	wide.columns = 0;
	print(&wide, fresh ? RED : BOLD, &line);
	buf_free(&line);
}

static const char *label_of(enum frame_language language)
{
	static const char *const labels[] = { [FRAME_PYTHON] = "Python",
					      [FRAME_CYTHON] = "Cython",
					      [FRAME_C] = "C",
					      [FRAME_CXX] = "C++",
					      [FRAME_UNKNOWN] = "?" };
	return labels[language];
}

/* "        Python  x.py:12  f" */
static void print_frame(const struct page *page, const struct frame *frame)
{
	struct buf line = { 0 };
	if (!frame)
		return;
	buf_printf(&line, "        %-6s  ", label_of(frame->language));
	text_add_place(&line, frame);
	buf_puts(&line, frame->file ? "  " : "");
	char *name = frame_name(frame);
	text_add_line(&line, name);
	free(name);
	print(page, frame->language == FRAME_PYTHON ? BLUE : PLAIN, &line);
	buf_free(&line);
}

/* The locks of a side; of a race that had none nothing is said here. */
static void print_locks(const struct page *page, const struct participant *side)
{
	struct buf line = { 0 };
	if (!side->lock_count)
		return;
	buf_puts(&line, "        holds   ");
	text_add_lock(&line, &side->locks[0]);
	if (side->lock_count > 1)
		buf_printf(&line, " and %zu more", side->lock_count - 1);
	print(page, PLAIN, &line);
	buf_free(&line);
}

static void print_side(const struct page *page, const struct finding *finding,
		       const struct participant *side)
{
	struct buf line = { 0 };
	struct text_place place = text_place(finding, side);
	const char *mixed = text_mixed(finding, side);
	buf_puts(&line, "    ");
	text_add_line(&line, side->role ? side->role : "thread");
	if (side->thread) {
		buf_puts(&line, ", ");
		text_add_line(&line, side->thread);
	}
	print(page, PLAIN, &line);
	print_locks(page, side);
	print_frame(page, place.python);
	print_frame(page, place.cython);
	print_frame(page, place.native);
	if (place.loop) {
		buf_puts(&line, "        C       the interpreter's loop itself, for that line");
		print(page, PLAIN, &line);
	}
	if (mixed) {
		buf_printf(&line, "        (%s)", mixed);
		print(page, PLAIN, &line);
	}
	buf_free(&line);
}

static size_t lines_of(const struct finding *finding, const struct participant *side)
{
	struct text_place place = text_place(finding, side);
	return 1 + (side->lock_count > 0) + (place.python != NULL) + (place.cython != NULL) +
	       (place.native || place.loop) + (text_mixed(finding, side) != NULL);
}

/* In a run with the order as written every finding shows with it. */
static bool is_as_written(const struct run_info *run)
{
	for (size_t i = 0; i < run->setting_count; i++)
		if (!strcmp(run->settings[2 * i], "happens-before"))
			return !strcmp(run->settings[2 * i + 1], "as-written");
	return false;
}

/* "follows from 1.", by its number in the list, or by its id where that is not shown. */
static void print_follows(const struct page *page, const struct report_input *input,
			  const struct entries *entries, const struct finding *finding)
{
	struct buf line = { 0 };
	size_t number = 0, at = finding->follows ? entries_find(entries, finding->follows) : 0;
	if (!finding->follows || at == entries->count || at == entries_find(entries, finding->id))
		return; /* what is told with it stands behind it */
	const struct finding *cause = entries->items[at].witness;
	for (size_t i = 0; i <= at; i++)
		number += is_shown(input, entries->items[i].witness);
	buf_puts(&line, "    most likely follows from ");
	if (is_shown(input, cause))
		buf_printf(&line, "%zu.: look there first", number);
	else
		buf_printf(&line, "%s (%s)", finding->follows, finding_status_name(cause->status));
	print(page, DIM, &line);
	buf_free(&line);
}

/* The drawing, or NULL. */
static size_t print_interleaving(const struct page *page, const char *text)
{
	size_t lines = 0;
	struct buf line = { 0 };
	for (; text && *text; lines++) {
		char *one = xstrndup(text, strcspn(text, "\n"));
		text += strlen(one);
		text += *text == '\n';
		buf_puts(&line, "        ");
		text_add_line(&line, one);
		print(page, PLAIN, &line);
		free(one);
	}
	buf_free(&line);
	return lines;
}

/* What the program said of it and what memory it is about: what the title leaves out. */
static size_t print_about(const struct page *page, const struct finding *finding)
{
	struct buf line = { 0 };
	size_t lines = 0;
	const char *about = finding->subject.description;
	const char *said = finding->said;
	/* A title may have the words already. */
	const char *words = said ? strstr(said, ": ") : NULL;
	if (words && finding->title && strstr(finding->title, words + 2))
		said = NULL;
	if (said) {
		buf_puts(&line, "    ");
		text_add_line(&line, said);
		print(page, PLAIN, &line);
		lines++;
	}
	if (finding->because) {
		buf_puts(&line, "    ");
		text_add_line(&line, finding->because);
		print(page, PLAIN, &line);
		lines++;
	}
	if (finding->evidence &&
	    (finding->kind == FINDING_CRASH || finding->kind == FINDING_PYTHON_RACE)) {
		buf_puts(&line, "    ");
		text_add_line(&line, finding->evidence);
		print(page, PLAIN, &line);
		lines++;
	}
	lines += print_interleaving(page, finding->interleaving);
	if (about) {
		buf_puts(&line, "    at ");
		text_add_line(&line, about);
		if (finding->rank)
			buf_printf(&line, " (%s)", finding_rank_name(finding->rank));
		print(page, PLAIN, &line);
		lines++;
	}
	buf_free(&line);
	return lines;
}

static void print_sides(const struct page *page, const struct finding *finding, size_t lines)
{
	size_t sides = finding->participant_count, i = 0;
	for (; i < sides; i++) {
		const struct participant *side = &finding->participants[i];
		lines += lines_of(finding, side);
		if (i > 1 && lines > LINES_MAX)
			break;
		print_side(page, finding, side);
	}
	if (i == sides)
		return;
	struct buf line = { 0 };
	buf_printf(&line, "    and %zu more thread%s", sides - i, sides - i == 1 ? "" : "s");
	print(page, PLAIN, &line);
	buf_free(&line);
}

/* How often, in which test, whether with the order as written, and the command. */
static void print_again(const struct page *page, const struct run_info *run,
			const struct finding *finding)
{
	struct buf line = { 0 };
	buf_puts(&line, "    ");
	if (finding->run_count == 1)
		buf_puts(&line, "once");
	else
		buf_printf(&line, "%" PRIu64 " times", finding->run_count);
	if (finding->test_count) {
		buf_puts(&line, ", in ");
		text_add_line(&line, finding->tests[0]);
	}
	print(page, DIM, &line);
	if (kind_info(finding->kind)->advice) {
		buf_printf(&line, "    %s", kind_info(finding->kind)->advice);
		print(page, DIM, &line);
	}
	buf_puts(&line, "    ");
	if (!is_as_written(run) && text_add_as_written(&line, finding))
		print(page, DIM, &line);
	buf_clear(&line);
	/* Whole, so that they can be copied. */
	struct page wide = *page;
	wide.columns = 0;
	if (finding->command) {
		buf_puts(&line, "    $ ");
		text_add_line(&line, finding->command);
		print(&wide, PLAIN, &line);
	}
	if (finding->script || finding->no_script) {
		buf_puts(&line, finding->script ? "    without ftstress: " : "    no script: ");
		text_add_line(&line, finding->script ? finding->script : finding->no_script);
		print(&wide, PLAIN, &line);
	}
	buf_free(&line);
}

static void print_finding(const struct page *page, const struct report_input *input,
			  const struct entries *entries, size_t number,
			  const struct finding *finding)
{
	enum { TITLE_AND_AGAIN = 4 };
	struct buf line = { 0 };
	print(page, PLAIN, &line);
	buf_printf(&line, "%2zu. %s: ", number, text_kind(finding->kind, 1));
	text_add_line(&line, finding->title ? finding->title : "");
	print(page, BOLD, &line);
	buf_free(&line);
	print_follows(page, input, entries, finding);
	size_t about = print_about(page, finding) + (finding->follows != NULL);
	print_sides(page, finding, TITLE_AND_AGAIN + about);
	print_again(page, input->run, finding);
}

/* "    fields      ob_item (12 races), allocated (3)" */
static void print_list(const struct page *page, const char *label, const struct buf *list)
{
	struct buf line = { 0 };
	if (!list->length)
		return;
	buf_printf(&line, "    %-10s  ", label);
	text_add_line(&line, list->data);
	print(page, PLAIN, &line);
	buf_free(&line);
}

/* What the races have done: crashes, and what is known of each. */
static void print_crashes(const struct page *page, const struct report_entry *entry)
{
	struct buf line = { 0 };
	size_t shown = 0, crashes = 0;
	for (size_t i = 0; i < entry->count; i++) {
		const struct finding *member = entry->members[i];
		if (member->kind == entry->witness->kind || ++crashes > CRASHES_MAX)
			continue;
		shown++;
		buf_printf(&line, "    %-10s  ", text_kind(member->kind, 1));
		text_add_line(&line, member->title ? member->title : "");
		buf_printf(&line, " (%s)", member->id);
		print(page, PLAIN, &line);
		if (!member->because)
			continue;
		buf_printf(&line, "    %-10s  ", "");
		text_add_line(&line, member->because);
		print(page, PLAIN, &line);
	}
	if (crashes > shown) {
		buf_printf(&line, "    and %zu more", crashes - shown);
		print(page, PLAIN, &line);
	}
	buf_free(&line);
}

/* Several findings, with the gravest as the witness. */
static void print_type(const struct page *page, const struct report_input *input,
		       const struct entries *entries, size_t number,
		       const struct report_entry *entry)
{
	enum { TITLE_AND_LISTS = 8 };
	struct buf line = { 0 }, list = { 0 };
	print(page, PLAIN, &line);
	buf_printf(&line, "%2zu. ", number);
	if (!entry->type)
		buf_printf(&line, "%s: ", text_kind(entry->witness->kind, 1));
	text_add_line(&line, entry->title);
	print(page, BOLD, &line);
	if (entry->witness->shows) {
		buf_puts(&line, "    ");
		text_add_line(&line, entry->witness->evidence);
		print(page, PLAIN, &line);
	}
	print_follows(page, input, entries, entry->witness);
	entry_add_ranks(&list, entry);
	if (entry->type)
		print_list(page, "ranks", &list);
	buf_clear(&list);
	entry_add_names(&list, entry->operations, entry->operation_count, NAMES_MAX);
	print_list(page, "operations", &list);
	buf_clear(&list);
	entry_add_names(&list, entry->functions, entry->function_count, NAMES_MAX);
	print_list(page, "functions", &list);
	buf_clear(&list);
	entry_add_fields(&list, entry, NAMES_MAX);
	print_list(page, "fields", &list);
	buf_clear(&list);
	entry_add_names(&list, entry->pairs, entry->pair_count, PAIRS_MAX);
	print_list(page, "pairs", &list);
	buf_clear(&list);
	entry_add_follows(&list, entry);
	print_list(page, "with it", &list);
	print_crashes(page, entry);
	buf_free(&list);
	buf_free(&line);
	print_sides(page, entry->witness, TITLE_AND_LISTS);
	print_again(page, input->run, entry->witness);
}

/* What could not be observed: a reader has to know it before the verdict is worth something. */
static void print_dead_hooks(const struct page *page, const struct run_info *run)
{
	struct page wide = *page;
	struct buf line = { 0 };
	wide.columns = 0;
	for (size_t i = 0; i < run->hook_count; i++) {
		const struct run_hook *hook = &run->hooks[i];
		if (hook->live || hook->off)
			continue;
		buf_printf(&line, "Not observed, so there may be more: %s", hook->name);
		if (hook->why)
			buf_printf(&line, " (%s)", hook->why);
		buf_puts(&line, ".");
		print(&wide, RED, &line);
	}
	buf_free(&line);
}

/* What a run tried, and what to run next: whole, it is the answer where nothing was found. */
static void print_tried(const struct page *page, const struct run_info *run)
{
	struct page wide = *page;
	struct buf line = { 0 }, next = { 0 };
	wide.columns = 0;
	buf_puts(&line, "Tried: ");
	if (tried_add(&line, run)) {
		fputs("\n", page->out);
		buf_puts(&line, ".");
		print(&wide, PLAIN, &line);
		buf_puts(&line, "Pairs: ");
		if (tried_add_pairs(&line, run)) {
			buf_puts(&line, ".");
			print(&wide, PLAIN, &line);
		}
		buf_clear(&line);
		buf_puts(&line, "Covered: ");
		if (covered_add(&line, run)) {
			buf_puts(&line, ".");
			print(&wide, PLAIN, &line);
		}
		buf_puts(&next, "Next: ");
		if (tried_add_next(&next, run)) {
			buf_puts(&next, ".");
			print(&wide, PLAIN, &next);
		}
	}
	buf_free(&line);
	buf_free(&next);
}

static void print_rest(const struct page *page, const struct report_input *input,
		       const uint64_t counts[STATUS_COUNT])
{
	static const enum finding_status rest[] = { STATUS_KNOWN, STATUS_DOCUMENTED,
						    STATUS_UPSTREAM, STATUS_SUPPRESSED };
	struct buf line = { 0 };
	for (size_t i = 0; i < sizeof rest / sizeof *rest; i++) {
		if (!counts[rest[i]] || (rest[i] == STATUS_KNOWN && input->run->replay))
			continue;
		buf_printf(&line, "%s%" PRIu64 " %s",
			   line.length ? ", " : "Not shown: ", counts[rest[i]],
			   finding_status_name(rest[i]));
	}
	if (line.length) {
		struct buf blank = { 0 };
		print(page, PLAIN, &blank);
		buf_free(&blank);
		buf_puts(&line, ".");
		print(page, DIM, &line);
	}
	buf_free(&line);
}

/* The tests that the run's time went to. */
static void print_slow(const struct page *page, const struct run_info *run)
{
	struct buf line = { 0 };
	for (size_t i = 0; i < run->slow_count && run->slow[i].seconds >= SLOW; i++) {
		if (!i) {
			print(page, PLAIN, &line);
			buf_puts(&line, "Slow tests; `skip = TEST` in [suite] leaves one out:");
			print(page, DIM, &line);
		}
		buf_printf(&line, "    %.1f s  ", run->slow[i].seconds);
		text_add_line(&line, run->slow[i].test);
		/* Whole, so that it can be copied. */
		struct page wide = *page;
		wide.columns = 0;
		print(&wide, DIM, &line);
	}
	buf_free(&line);
}

/* What was not tested: `line`, and the first example, in up to three lines. */
static void print_untested(const struct page *page, struct buf *line, bool first,
			   const char *const said[3])
{
	struct page wide = *page;
	wide.columns = 0;
	print(&wide, first ? RED : BOLD, line);
	for (size_t i = 0; i < 3; i++) {
		if (!said[i])
			continue;
		buf_puts(line, i == 0 ? "    the first: " : "        ");
		text_add_line(line, said[i]);
		print(page, PLAIN, line);
	}
}

/*
 * The files that can't be imported and the tests that never passed; of both, those that are told
 * before all else, or the others.
 */
static void print_not_tested(const struct page *page, const struct run_info *run, bool first)
{
	struct buf line = { 0 };
	if (text_unimported_first(run) == first && text_add_unimported(&line, run))
		print_untested(
			page, &line, first,
			(const char *const[]){ run->unimported_file, run->unimported_why, NULL });
	if (text_failing_first(run) == first && text_add_failing(&line, run))
		print_untested(page, &line, first,
			       (const char *const[]){ run->failing_test, run->failing_why,
						      run->failing_where });
	buf_free(&line);
}

static void print_entries(const struct page *page, const struct report_input *input,
			  const struct entries *entries)
{
	size_t number = 0;
	for (size_t i = 0; i < entries->count; i++) {
		const struct report_entry *entry = &entries->items[i];
		if (!is_shown(input, entry->witness) || ++number > SHOWN_MAX)
			continue;
		if (entry->fields)
			print_type(page, input, entries, number, entry);
		else
			print_finding(page, input, entries, number, entry->witness);
	}
	if (number > SHOWN_MAX)
		fprintf(page->out, "\nand %zu more: see the report\n", number - SHOWN_MAX);
}

static bool untested_last(const struct run_info *run)
{
	return (run->files_unimported && !text_unimported_first(run)) ||
	       (run->tests_failing && !text_failing_first(run));
}

int report_summary(FILE *out, const struct report_input *input, bool color, unsigned columns)
{
	struct page page = { out, color, columns };
	uint64_t counts[STATUS_COUNT];
	text_count(input, counts);
	struct entries *entries = entries_new(input);
	print_not_tested(&page, input->run, true);
	print_head(&page, input, entries, counts);
	print_dead_hooks(&page, input->run);
	print_entries(&page, input, entries);
	print_rest(&page, input, counts);
	print_tried(&page, input->run);
	print_slow(&page, input->run);
	if (untested_last(input->run)) {
		fputs("\n", out);
		print_not_tested(&page, input->run, false);
	}
	if (input->run->records_lost)
		fprintf(out,
			"\n%" PRIu64 " of %" PRIu64 " records were lost: the worker wrote faster "
			"than they were read.\n",
			input->run->records_lost, input->run->records + input->run->records_lost);
	entries_free(entries);
	return report_flush(out);
}
