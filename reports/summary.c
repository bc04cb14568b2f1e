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
 *	Reference counts that many threads write; the page has all of them:
 *	    list of x.py:3, 536,098 changes a second (at x.py:10)
 *	        per thread: one for each (a copy, threading.local()), or ...
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
#include "reports/told.h"
#include "reports/tried.h"

#define SHOWN_MAX 20 /* new findings told in full: more is the report's business */
#define COUNTED_MAX 3
#define COUNTED_FROM                                                                               \
	100000.0  /* changes a second of one place's objects: a tenth of a core or more */
#define SLOW 10.0 /* seconds of a test that is told here, too; as long as the progress waits */

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

/* ", in 42 entries" where some have several findings. */
static void add_entries(struct buf *line, const struct report_input *input,
			const struct entries *entries)
{
	size_t told = 0, types = 0;
	for (size_t i = 0; i < entries->count; i++) {
		const struct report_entry *entry = &entries->items[i];
		told += told_is_shown(input, entry->witness);
		types += told_is_shown(input, entry->witness) && entry->fields;
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
	page_print(&wide, fresh ? RED : BOLD, &line);
	buf_free(&line);
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
		buf_puts(&line, "Not observed, so there may be more: ");
		text_add_line(&line, hook->name);
		if (hook->why) {
			buf_puts(&line, " (");
			text_add_line(&line, hook->why);
			buf_puts(&line, ")");
		}
		buf_puts(&line, ".");
		page_print(&wide, RED, &line);
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
		page_print(&wide, PLAIN, &line);
		buf_puts(&line, "Pairs: ");
		if (tried_add_pairs(&line, run)) {
			buf_puts(&line, ".");
			page_print(&wide, PLAIN, &line);
		}
		buf_clear(&line);
		buf_puts(&line, "Covered: ");
		if (covered_add(&line, run)) {
			buf_puts(&line, ".");
			page_print(&wide, PLAIN, &line);
		}
		buf_puts(&next, "Next: ");
		if (tried_add_next(&next, run)) {
			buf_puts(&next, ".");
			page_print(&wide, PLAIN, &next);
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
		page_print(page, PLAIN, &blank);
		buf_free(&blank);
		buf_puts(&line, ".");
		page_print(page, DIM, &line);
	}
	buf_free(&line);
}

/* The tests that the run's time went to. */
static void print_slow(const struct page *page, const struct run_info *run)
{
	struct buf line = { 0 };
	for (size_t i = 0; i < run->slow_count && run->slow[i].seconds >= SLOW; i++) {
		if (!i) {
			page_print(page, PLAIN, &line);
			buf_puts(&line, "Slow tests; `skip = TEST` in [suite] leaves one out:");
			page_print(page, DIM, &line);
		}
		buf_printf(&line, "    %.1f s  ", run->slow[i].seconds);
		text_add_line(&line, run->slow[i].test);
		/* Whole, so that it can be copied. */
		struct page wide = *page;
		wide.columns = 0;
		page_print(&wide, DIM, &line);
	}
	buf_free(&line);
}

static void print_counted(const struct page *page, const struct run_info *run)
{
	struct buf line = { 0 };
	size_t told = 0;
	for (size_t i = 0; i < run->count_count && told < COUNTED_MAX; i++) {
		const struct run_count *count = &run->counts[i];
		if (run_count_rate(count) < COUNTED_FROM)
			continue;
		if (!told++) {
			page_print(page, PLAIN, &line);
			buf_puts(&line,
				 "Reference counts that many threads write; the page has all "
				 "of them:");
			page_print(page, DIM, &line);
		}
		buf_puts(&line, "    ");
		text_add_line(&line, count->type);
		if (count->made) {
			buf_puts(&line, " of ");
			text_add_line(&line, count->made);
		}
		buf_puts(&line, ", ");
		text_add_number(&line, (uint64_t)run_count_rate(count));
		buf_puts(&line, " changes a second");
		if (count->where) {
			buf_puts(&line, " (at ");
			text_add_line(&line, count->where);
			buf_puts(&line, ")");
		}
		page_print(page, DIM, &line);
		buf_printf(&line, "        %s", run_count_remedy(count));
		page_print(page, DIM, &line);
	}
	buf_free(&line);
}

/* What was not tested: `line`, and the first example, in up to three lines. */
static void print_untested(const struct page *page, struct buf *line, bool first,
			   const char *const said[3])
{
	struct page wide = *page;
	wide.columns = 0;
	page_print(&wide, first ? RED : BOLD, line);
	for (size_t i = 0; i < 3; i++) {
		if (!said[i])
			continue;
		buf_puts(line, i == 0 ? "    the first: " : "        ");
		text_add_line(line, said[i]);
		page_print(page, PLAIN, line);
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
		if (!told_is_shown(input, entry->witness) || ++number > SHOWN_MAX)
			continue;
		told_entry(page, input, entries, number, entry);
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
	print_counted(&page, input->run);
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
