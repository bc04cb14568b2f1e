/*
 * summary.c - what the terminal shows at the end of a run.
 *
 *	1 new data race in 20 iterations of numpy_tests (312 tests), 4 min 12 s
 *
 *	 1. data race: MT19937: seeding under the lock, reading the state without it
 *	    write of 4 bytes, Thread T3
 *	        Python  numpy/random/tests/test_seed.py:41   test_seed
 *	        Cython  numpy/random/_mt19937.pyx:186        MT19937._legacy_seeding
 *	    read of 4 bytes, Thread T1
 *	        ...
 *	    14 times, in numpy/random/tests/test_seed.py::test_seed
 *	    $ ftstress --suite numpy_tests --replay 1fb3.c.2
 *
 *	Not shown: 1 known, 2 upstream, 3 suppressed.
 *
 * A replay is asked for what is known, and shows it.
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "reports/formats.h"
#include "reports/text.h"

#define SHOWN_MAX 20 /* new findings told in full: more is the report's business */
#define SIDES_MAX 4  /* threads of a finding */

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

static void print_head(const struct page *page, const struct report_input *input,
		       const uint64_t counts[STATUS_COUNT])
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
	if (!fresh && !again)
		buf_puts(&line, input->count ? "Nothing new found" : "Nothing found");
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

static void print_frame(const struct page *page, const struct frame *frame)
{
	struct buf line = { 0 };
	buf_printf(&line, "        %-6s  ", label_of(frame->language));
	if (frame->file) {
		text_add_line(&line, text_short_path(frame->file));
		if (frame->line)
			buf_printf(&line, ":%d", frame->line);
		buf_puts(&line, "  ");
	}
	text_add_line(&line, frame->function);
	print(page, frame->language == FRAME_PYTHON ? BLUE : PLAIN, &line);
	buf_free(&line);
}

static void print_side(const struct page *page, const struct participant *side)
{
	struct buf line = { 0 };
	buf_puts(&line, "    ");
	text_add_line(&line, side->role ? side->role : "thread");
	if (side->thread) {
		buf_puts(&line, ", ");
		text_add_line(&line, side->thread);
	}
	print(page, PLAIN, &line);
	buf_free(&line);
	const struct frame *python = text_user_frame(&side->stack, true);
	const struct frame *native = text_user_frame(&side->stack, false);
	/* In a race of the interpreter's own no native frame is the user's: say where it is. */
	if (!native && side->stack.count && side->stack.frames[0].language != FRAME_PYTHON)
		native = &side->stack.frames[0];
	if (python)
		print_frame(page, python);
	if (native)
		print_frame(page, native);
}

/* In a run with the order as written every finding shows with it. */
static bool is_as_written(const struct run_info *run)
{
	for (size_t i = 0; i < run->setting_count; i++)
		if (!strcmp(run->settings[2 * i], "happens-before"))
			return !strcmp(run->settings[2 * i + 1], "as-written");
	return false;
}

static void print_finding(const struct page *page, const struct run_info *run, size_t number,
			  const struct finding *finding)
{
	struct buf line = { 0 };
	print(page, PLAIN, &line);
	buf_printf(&line, "%2zu. %s: ", number, text_kind(finding->kind, 1));
	text_add_line(&line, finding->title ? finding->title : "");
	print(page, BOLD, &line);
	size_t sides = finding->participant_count;
	for (size_t i = 0; i < sides && i < SIDES_MAX; i++)
		print_side(page, &finding->participants[i]);
	if (sides > SIDES_MAX) {
		buf_printf(&line, "    and %zu more threads", sides - SIDES_MAX);
		print(page, PLAIN, &line);
	}
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
	buf_puts(&line, "    ");
	if (!is_as_written(run) && text_add_as_written(&line, finding))
		print(page, DIM, &line);
	buf_clear(&line);
	if (finding->command) {
		/* Whole, so that it can be copied. */
		struct page wide = *page;
		wide.columns = 0;
		buf_puts(&line, "    $ ");
		text_add_line(&line, finding->command);
		print(&wide, PLAIN, &line);
	}
	buf_free(&line);
}

static void print_rest(const struct page *page, const struct report_input *input,
		       const uint64_t counts[STATUS_COUNT])
{
	static const enum finding_status rest[] = { STATUS_KNOWN, STATUS_UPSTREAM,
						    STATUS_SUPPRESSED };
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

int report_summary(FILE *out, const struct report_input *input, bool color, unsigned columns)
{
	struct page page = { out, color, columns };
	uint64_t counts[STATUS_COUNT];
	text_count(input, counts);
	print_head(&page, input, counts);
	size_t number = 0;
	for (size_t i = 0; i < input->count; i++) {
		const struct finding *finding = input->findings[i];
		if (is_shown(input, finding) && ++number <= SHOWN_MAX)
			print_finding(&page, input->run, number, finding);
	}
	if (number > SHOWN_MAX)
		fprintf(out, "\nand %zu more findings: see the report\n", number - SHOWN_MAX);
	print_rest(&page, input, counts);
	if (input->run->records_lost)
		fprintf(out,
			"\n%" PRIu64 " of %" PRIu64 " records were lost: the worker wrote faster "
			"than they were read.\n",
			input->run->records_lost, input->run->records + input->run->records_lost);
	return report_flush(out);
}
