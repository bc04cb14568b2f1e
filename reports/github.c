/*
 * github.c - for GitHub Actions: annotations, written to standard output, and a job summary, appended to the file
 * that GITHUB_STEP_SUMMARY names.
 *
 *	::error file=src/cache.c,line=12,title=data race::cache_get writes while ...%0A...
 *
 * An annotation is an entry (entries.h) that is new, at the line of the repository where to look first. GitHub
 * shows the first ten of each level of a step, and so no more are written; the last line says how many there
 * are. The summary has all of them, as far as GitHub takes one (1 MiB).
 *
 * GitHub obeys each line of a log that begins with "::", whoever wrote it. So what the terminal is told stands
 * between two lines that switch that off (report_github_quote()).
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "reports/covered.h"
#include "reports/entries.h"
#include "reports/formats.h"
#include "reports/level.h"
#include "reports/text.h"
#include "reports/told.h"
#include "reports/tried.h"
#include "reports/user_files.h"

#define SHOWN_MAX 10               /* of a level */
#define MESSAGE_MAX (size_t)3000   /* GitHub cuts at 4 KB */
#define TITLE_MAX (size_t)200      /* the same at 255 */
#define SUMMARY_MAX (size_t)900000 /* GitHub takes 1 MiB, from all programs of the step */
#define TOLD_MAX (size_t)8000      /* of an entry there */

/* ---- annotations ---- */

/* In a property, commas and colons end it. */
static void add_escaped(struct buf *out, const char *text, size_t most, bool property)
{
	struct buf plain = { 0 }, clean = { 0 };
	for (const char *end; (end = strchr(text, '\n')); text = end + 1) {
		char *one = xstrndup(text, (size_t)(end - text));
		text_add_line(&plain, one);
		buf_puts(&plain, "\n");
		free(one);
	}
	text_add_line(&plain, text);
	text_add_most(&clean, plain.data ? plain.data : "", most);
	for (size_t i = 0; i < clean.length; i++) {
		char c = clean.data[i];
		bool escape =
			c == '%' || c == '\r' || c == '\n' || (property && (c == ':' || c == ','));
		if (escape)
			buf_printf(out, "%%%02X", (unsigned)c);
		else
			buf_add(out, &c, 1);
	}
	buf_free(&clean);
	buf_free(&plain);
}

static const char *command_of(enum finding_level level)
{
	return level == LEVEL_NOTE ? "notice" : level_name(level);
}

static void add_annotation(struct buf *out, struct user_files *files,
			   const struct report_input *input, const struct entries *entries,
			   const struct report_entry *entry)
{
	const struct finding *witness = entry->witness;
	struct user_place place = user_files_place(files, witness);
	struct buf message = { 0 }, line = { 0 };
	buf_printf(out, "::%s ", command_of(level_of_entry(entry)));
	if (place.path) {
		buf_puts(out, "file=");
		add_escaped(out, place.path, TITLE_MAX * 10, true);
		if (place.line > 0)
			buf_printf(out, ",line=%d", place.line);
		buf_puts(out, ",");
	}
	buf_puts(out, "title=");
	buf_printf(&line, "%s (%s)", text_kind(witness->kind, entry->count), witness->id);
	add_escaped(out, line.data, TITLE_MAX, true);
	buf_puts(out, "::");
	text_add_line(&message, entry->title);
	buf_puts(&message, "\n");
	char *told = told_text(input, entries, entry, MESSAGE_MAX);
	buf_puts(&message, told);
	add_escaped(out, message.data, MESSAGE_MAX, false);
	buf_puts(out, "\n");
	free(told);
	buf_free(&line);
	buf_free(&message);
}

/* The new entries, ten of a level; and how many there are if these are not all. */
static void add_annotations(struct buf *out, struct user_files *files,
			    const struct report_input *input, const struct entries *entries)
{
	size_t shown[LEVEL_NOTE + 1] = { 0 }, count = 0, left = 0;
	for (size_t i = 0; i < entries->count; i++) {
		const struct report_entry *entry = &entries->items[i];
		if (entry->witness->status != STATUS_NEW)
			continue;
		count++;
		enum finding_level level = level_of_entry(entry);
		if (shown[level]++ < SHOWN_MAX - (level == LEVEL_NOTE))
			add_annotation(out, files, input, entries, entry);
		else
			left++;
	}
	if (left)
		buf_printf(
			out,
			"::notice title=ftstress::%zu of %zu new entries are not annotated: "
			"GitHub shows ten of a level. The job summary and the report have all.\n",
			left, count);
}

/* ---- the summary ---- */

/* As text of Markdown and HTML: what means anything there is written as a reference. */
static void add_markdown(struct buf *out, const char *text, size_t most)
{
	struct buf line = { 0 }, clean = { 0 };
	text_add_line(&line, text ? text : "");
	text_add_most(&clean, line.data ? line.data : "", most);
	for (size_t i = 0; i < clean.length; i++) {
		unsigned char c = (unsigned char)clean.data[i];
		if (strchr("&<>\"'`*_[]\\#@~!|:$+=", c))
			buf_printf(out, "&#%u;", c);
		else
			buf_add(out, &clean.data[i], 1);
	}
	buf_free(&clean);
	buf_free(&line);
}

/* As text in <pre>, where only HTML counts and lines stay lines. */
static void add_html(struct buf *out, const char *text)
{
	for (; *text; text++) {
		if (strchr("&<>\"", *text))
			buf_printf(out, "&#%u;", (unsigned char)*text);
		else
			buf_add(out, text, 1);
	}
}

static void add_row(struct buf *out, struct user_files *files, const struct report_entry *entry)
{
	struct user_place place = user_files_place(files, entry->witness);
	buf_printf(out, "| %s | ", level_name(level_of_entry(entry)));
	buf_printf(out, "%s: ", text_kind(entry->witness->kind, entry->count));
	add_markdown(out, entry->title, TITLE_MAX * 2);
	buf_puts(out, " | ");
	add_markdown(out, place.path, TITLE_MAX);
	if (place.path && place.line > 0)
		buf_printf(out, "&#58;%d", place.line);
	buf_printf(out, " | %s |\n", entry->witness->id);
}

static void add_details(struct buf *out, const struct report_input *input,
			const struct entries *entries, const struct report_entry *entry)
{
	struct buf title = { 0 };
	char *told = told_text(input, entries, entry, TOLD_MAX);
	text_add_most(&title, entry->title, TITLE_MAX * 2);
	buf_puts(out, "<details><summary>");
	add_markdown(out, title.data, TITLE_MAX * 3);
	buf_puts(out, "</summary>\n\n<pre>");
	add_html(out, told);
	buf_puts(out, "</pre>\n</details>\n\n");
	buf_free(&title);
	free(told);
}

static void add_counts(struct buf *out, const struct report_input *input,
		       const struct entries *entries)
{
	size_t counts[STATUS_COUNT] = { 0 };
	struct buf run = { 0 };
	for (size_t i = 0; i < entries->count; i++)
		counts[entries->items[i].witness->status]++;
	buf_printf(out, "**%zu new %s**", counts[STATUS_NEW],
		   counts[STATUS_NEW] == 1 ? "entry" : "entries");
	for (size_t i = STATUS_NEW + 1; i < STATUS_COUNT; i++)
		if (counts[i])
			buf_printf(out, ", %zu %s", counts[i],
				   finding_status_name((enum finding_status)i));
	buf_puts(out, " in ");
	text_add_run(&run, input->run);
	add_markdown(out, run.data, TOLD_MAX);
	buf_puts(out, input->run->interrupted ? ", interrupted\n\n" : "\n\n");
	buf_clear(&run);
	if (tried_add(&run, input->run)) {
		buf_puts(out, "Tried: ");
		add_markdown(out, run.data, TOLD_MAX);
		buf_puts(out, "\n\n");
	}
	buf_free(&run);
}

static void add_summary(struct buf *out, struct user_files *files, const struct report_input *input,
			const struct entries *entries)
{
	size_t rows = 0, told = 0, count = 0;
	struct buf details = { 0 };
	buf_puts(out, "## ftstress: ");
	add_markdown(out, input->run->suite ? input->run->suite : "", TITLE_MAX);
	buf_puts(out, "\n\n");
	add_counts(out, input, entries);
	for (size_t i = 0; i < entries->count; i++) {
		const struct report_entry *entry = &entries->items[i];
		if (entry->witness->status != STATUS_NEW)
			continue;
		count++;
		if (out->length + details.length > SUMMARY_MAX)
			continue;
		if (!rows++)
			buf_puts(out, "| | new | where | id |\n|---|---|---|---|\n");
		add_row(out, files, entry);
		add_details(&details, input, entries, entry);
		told++;
	}
	buf_puts(out, "\n");
	if (details.length)
		buf_add(out, details.data, details.length);
	if (told < count)
		buf_printf(out, "and %zu more: see the report\n", count - told);
	buf_free(&details);
}

/* Appends to the step's summary, if there is one. */
static void write_summary(struct user_files *files, const struct report_input *input,
			  const struct entries *entries)
{
	const char *path = getenv("GITHUB_STEP_SUMMARY");
	if (!path || !*path)
		return;
	struct buf text = { 0 };
	add_summary(&text, files, input, entries);
	errno = 0;
	FILE *out = fopen(path, "ae");
	bool good = out && fwrite(text.data, 1, text.length, out) == text.length;
	if (out && fclose(out) != 0)
		good = false;
	if (!good)
		warn("%s (GITHUB_STEP_SUMMARY): the job summary can't be written: %s", path,
		     strerror(errno ? errno : EIO));
	buf_free(&text);
}

void report_github_quote(FILE *out, const char *token, bool begin)
{
	fprintf(out, begin ? "::stop-commands::%s\n" : "::%s::\n", token);
}

static int github_write(FILE *out, const struct report_input *input)
{
	struct buf text = { 0 };
	struct entries *entries = entries_new(input);
	struct user_files *files = user_files_open(input->run);
	add_annotations(&text, files, input, entries);
	write_summary(files, input, entries);
	errno = 0;
	if (text.length)
		fwrite(text.data, 1, text.length, out);
	int error = report_flush(out);
	buf_free(&text);
	user_files_close(files);
	entries_free(entries);
	return error;
}

const struct report_format report_github = {
	.name = "github",
	.help = "annotations on standard output, and a job summary",
	.write = github_write,
};
