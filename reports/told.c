/* told.c - see told.h. */
#include "reports/told.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "reports/text.h"
#include "runner/model/cxx_name.h"
#include "runner/model/kinds.h"

#define LINES_MAX 14 /* of a finding; two sides are always shown */
#define NAMES_MAX 8  /* operations, fields of a type */
#define PAIRS_MAX 4  /* pairs of a type */
#define CRASHES_MAX 4

void page_print(const struct page *page, enum style style, struct buf *line)
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

bool told_is_shown(const struct report_input *input, const struct finding *finding)
{
	return finding->status == STATUS_NEW ||
	       (finding->status == STATUS_KNOWN && input->run->replay);
}

static const char *label_of(enum frame_language language)
{
	static const char *const labels[] = { [FRAME_PYTHON] = "Python", [FRAME_CYTHON] = "Cython",
					      [FRAME_C] = "C",           [FRAME_CXX] = "C++",
					      [FRAME_RUST] = "Rust",     [FRAME_UNKNOWN] = "?" };
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
	page_print(page, frame->language == FRAME_PYTHON ? BLUE : PLAIN, &line);
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
	page_print(page, PLAIN, &line);
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
	page_print(page, PLAIN, &line);
	print_locks(page, side);
	print_frame(page, place.python);
	print_frame(page, place.cython);
	print_frame(page, place.native);
	if (place.loop) {
		buf_puts(&line, "        C       the interpreter's loop itself, for that line");
		page_print(page, PLAIN, &line);
	}
	if (mixed) {
		buf_printf(&line, "        (%s)", mixed);
		page_print(page, PLAIN, &line);
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
			  const struct entries *entries, bool numbered,
			  const struct finding *finding)
{
	struct buf line = { 0 };
	size_t number = 0, at = finding->follows ? entries_find(entries, finding->follows) : 0;
	if (!finding->follows || at == entries->count || at == entries_find(entries, finding->id))
		return; /* what is told with it stands behind it */
	const struct finding *cause = entries->items[at].witness;
	for (size_t i = 0; i <= at; i++)
		number += told_is_shown(input, entries->items[i].witness);
	buf_puts(&line, "    most likely follows from ");
	if (numbered && told_is_shown(input, cause))
		buf_printf(&line, "%zu.: look there first", number);
	else
		buf_printf(&line, "%s (%s)", finding->follows, finding_status_name(cause->status));
	page_print(page, DIM, &line);
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
		page_print(page, PLAIN, &line);
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
		page_print(page, PLAIN, &line);
		lines++;
	}
	if (finding->because) {
		buf_puts(&line, "    ");
		text_add_line(&line, finding->because);
		page_print(page, PLAIN, &line);
		lines++;
	}
	if (finding->evidence && !finding_is_race(finding)) {
		buf_puts(&line, "    ");
		text_add_line(&line, finding->evidence);
		page_print(page, PLAIN, &line);
		lines++;
	}
	lines += print_interleaving(page, finding->interleaving);
	if (about) {
		buf_puts(&line, "    at ");
		text_add_line(&line, about);
		if (finding->rank)
			buf_printf(&line, " (%s)", finding_rank_name(finding->rank));
		page_print(page, PLAIN, &line);
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
	page_print(page, PLAIN, &line);
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
	page_print(page, DIM, &line);
	if (kind_info(finding->kind)->advice) {
		buf_printf(&line, "    %s", kind_info(finding->kind)->advice);
		page_print(page, DIM, &line);
	}
	buf_puts(&line, "    ");
	if (!is_as_written(run) && text_add_as_written(&line, finding))
		page_print(page, DIM, &line);
	buf_clear(&line);
	/* Whole, so that they can be copied. */
	struct page wide = *page;
	wide.columns = 0;
	if (finding->command) {
		buf_puts(&line, "    $ ");
		text_add_line(&line, finding->command);
		page_print(&wide, PLAIN, &line);
	}
	if (finding->script || finding->no_script) {
		buf_puts(&line, finding->script ? "    without ftstress: " : "    no script: ");
		text_add_line(&line, finding->script ? finding->script : finding->no_script);
		page_print(&wide, PLAIN, &line);
	}
	buf_free(&line);
}

static void print_finding(const struct page *page, const struct report_input *input,
			  const struct entries *entries, size_t number,
			  const struct finding *finding)
{
	enum { TITLE_AND_AGAIN = 4 };
	struct buf line = { 0 };
	if (number) {
		page_print(page, PLAIN, &line);
		buf_printf(&line, "%2zu. %s: ", number, text_kind(finding->kind, 1));
		text_add_line(&line, finding->title ? finding->title : "");
		page_print(page, BOLD, &line);
	}
	buf_free(&line);
	print_follows(page, input, entries, number, finding);
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
	page_print(page, PLAIN, &line);
	buf_free(&line);
}

/* What the races have done: crashes, and what is known of each; and what Python code loses. */
static void print_crashes(const struct page *page, const struct report_entry *entry)
{
	struct buf line = { 0 };
	size_t shown = 0, crashes = 0;
	for (size_t i = 0; i < entry->count; i++) {
		const struct finding *member = entry->members[i];
		bool python =
			member->kind == FINDING_PYTHON_RACE; /* what is lost is in its title */
		bool titled = member == entry->witness && member->title &&
			      !strcmp(member->title, entry->title);
		if (titled || (member->kind == entry->witness->kind && !python) ||
		    ++crashes > CRASHES_MAX)
			continue;
		shown++;
		buf_printf(&line, "    %-10s  ", python ? "Python" : text_kind(member->kind, 1));
		text_add_line(&line, member->title ? member->title : "");
		buf_printf(&line, " (%s)", member->id);
		page_print(page, PLAIN, &line);
		if (!member->because)
			continue;
		buf_printf(&line, "    %-10s  ", "");
		text_add_line(&line, member->because);
		page_print(page, PLAIN, &line);
	}
	if (crashes > shown) {
		buf_printf(&line, "    and %zu more", crashes - shown);
		page_print(page, PLAIN, &line);
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
	if (number) {
		page_print(page, PLAIN, &line);
		buf_printf(&line, "%2zu. ", number);
		if (!entry->type)
			buf_printf(&line, "%s: ", text_kind(entry->witness->kind, 1));
		text_add_line(&line, entry->title);
		page_print(page, BOLD, &line);
	}
	if (entry->witness->shows) {
		buf_puts(&line, "    ");
		text_add_line(&line, entry->witness->evidence);
		page_print(page, PLAIN, &line);
	}
	print_interleaving(page, entry->witness->interleaving);
	print_follows(page, input, entries, number, entry->witness);
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

void told_entry(const struct page *page, const struct report_input *input,
		const struct entries *entries, size_t number, const struct report_entry *entry)
{
	if (entry->fields)
		print_type(page, input, entries, number, entry);
	else
		print_finding(page, input, entries, number, entry->witness);
}

char *told_text(const struct report_input *input, const struct entries *entries,
		const struct report_entry *entry, size_t most)
{
	char *text = NULL;
	size_t length = 0;
	struct buf cut = { 0 };
	struct page page = { .out = open_memstream(&text, &length) };
	if (!page.out)
		return xstrdup("");
	told_entry(&page, input, entries, 0, entry);
	if (fclose(page.out) == 0)
		text_add_most(&cut, text, most);
	free(text);
	return buf_take(&cut);
}
