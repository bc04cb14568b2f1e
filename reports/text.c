/* text.c - see text.h. */
#include "reports/text.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runner/model/fingerprint.h"
#include "runner/model/kinds.h"
#include "runner/model/plumbing.h"

static void add(struct buf *out, const char *text, size_t length_of_text, bool one_line)
{
	const unsigned char *s = (const unsigned char *)text, *end = s + length_of_text;
	while (s < end) {
		size_t length = utf8_sequence((const char *)s, (size_t)(end - s));
		/* C1 controls (U+0080 to U+009F) steer terminals as well. */
		bool control = *s < 0x20 || *s == 0x7f || (*s == 0xc2 && length && s[1] < 0xa0);
		if (!length)
			buf_puts(out, "\xef\xbf\xbd");
		else if (one_line && control)
			buf_puts(out, " ");
		else
			buf_add(out, s, length);
		s += length ? length : 1;
	}
}

void text_add_utf8(struct buf *out, const char *text)
{
	add(out, text, strlen(text), false);
}

void text_add_most(struct buf *out, const char *text, size_t most)
{
	size_t length = strlen(text), cut = length;
	if (length > most) {
		cut = most;
		while (cut && ((unsigned char)text[cut] & 0xc0) == 0x80 && most - cut < 3)
			cut--;
	}
	add(out, text, cut, false);
	if (cut < length)
		buf_printf(out, "... (%zu bytes more)", length - cut);
}

json_t *text_json(const char *text)
{
	if (!text)
		return json_null();
	struct buf clean = { 0 };
	text_add_utf8(&clean, text);
	json_t *value = json_stringn_nocheck(clean.data ? clean.data : "", clean.length);
	buf_free(&clean);
	return value;
}

void text_add_line(struct buf *out, const char *text)
{
	add(out, text, strlen(text), true);
}

size_t text_columns(const char *text)
{
	size_t columns = 0;
	for (; *text; text++)
		columns += ((unsigned char)*text & 0xc0) != 0x80;
	return columns;
}

void text_cut(struct buf *buf, size_t columns)
{
	if (!columns || !buf->data || text_columns(buf->data) <= columns)
		return;
	size_t at = 0;
	for (size_t seen = 0; buf->data[at]; at++) {
		seen += ((unsigned char)buf->data[at] & 0xc0) != 0x80;
		if (seen == columns)
			break;
	}
	buf->length = at;
	buf_puts(buf, "…");
}

const char *text_kind(enum finding_kind kind, uint64_t count)
{
	const struct finding_kind_info *info = kind_info(kind);
	return count == 1 ? info->one : info->many;
}

/* "numpy-2.4.6/...": the folder of an unpacked source. */
static bool is_release(const char *part)
{
	const char *dash = part;
	if (!isalpha((unsigned char)*part))
		return false;
	while (isalnum((unsigned char)*dash) || *dash == '_' || *dash == '.')
		dash++;
	return *dash == '-' && isdigit((unsigned char)dash[1]);
}

const char *text_short_path(const char *path)
{
	static const char *const marks[] = { "/site-packages/", "/dist-packages/" };
	for (size_t i = 0; i < sizeof marks / sizeof *marks; i++) {
		const char *found = strstr(path, marks[i]);
		if (found)
			return found + strlen(marks[i]);
	}
	const char *library = strstr(path, "/lib/python3.");
	const char *slash = library ? strchr(library + strlen("/lib/"), '/') : NULL;
	if (slash)
		return slash + 1;
	/* Else what follows the last folder of an unpacked source, or the last two parts, as in titles. */
	const char *release = NULL, *start = path + strlen(path);
	for (slash = strchr(path, '/'); slash; slash = strchr(slash + 1, '/')) {
		const char *end = is_release(slash + 1) ? strchr(slash + 1, '/') : NULL;
		if (end)
			release = end + 1;
	}
	if (release)
		return release;
	for (int parts = 0; start > path; start--) {
		if (start[-1] == '/' && ++parts == 2)
			break;
	}
	return start;
}

void text_add_run(struct buf *out, const struct run_info *run)
{
	uint64_t done = run->iterations_done;
	buf_printf(out, "%" PRIu64 " iteration%s of ", done, done == 1 ? "" : "s");
	text_add_line(out, run->suite ? run->suite : "a suite");
	buf_printf(out, " (%" PRIu64 " test%s", run->tests_run, run->tests_run == 1 ? "" : "s");
	if (run->iterations_gil_on)
		buf_printf(out, ", %" PRIu64 " iteration%s with the GIL", run->iterations_gil_on,
			   run->iterations_gil_on == 1 ? "" : "s");
	for (size_t i = 0; i < run->setting_count; i++)
		if (!strcmp(run->settings[2 * i], "gil") && run->settings[2 * i + 1] &&
		    !strcmp(run->settings[2 * i + 1], "off"))
			buf_puts(out, ", the GIL kept off");
	buf_puts(out, ")");
}

bool text_add_failing(struct buf *out, const struct run_info *run)
{
	uint64_t failing = run->tests_failing;
	if (!failing)
		return false;
	buf_printf(out, "%" PRIu64 " of %" PRIu64 " test%s failed every time, in every schedule",
		   failing, run->tests_distinct, run->tests_distinct == 1 ? "" : "s");
	buf_printf(out, ": no finding, but what %s for was not tested",
		   failing == 1 ? "it is" : "they are");
	return true;
}

bool text_failing_first(const struct run_info *run)
{
	return run->tests_failing * 10 > run->tests_distinct;
}

bool text_add_unimported(struct buf *out, const struct run_info *run)
{
	uint64_t count = run->files_unimported;
	if (!count)
		return false;
	buf_printf(out,
		   "%" PRIu64 " of %" PRIu64
		   " file%s of tests can't be imported: none of %s tests ran",
		   count, run->files, run->files == 1 ? "" : "s", count == 1 ? "its" : "their");
	return true;
}

bool text_unimported_first(const struct run_info *run)
{
	return run->files_unimported * 10 > run->files;
}

void text_count(const struct report_input *input, uint64_t counts[STATUS_COUNT])
{
	memset(counts, 0, STATUS_COUNT * sizeof *counts);
	for (size_t i = 0; i < input->count; i++)
		counts[input->findings[i]->status]++;
}

/* The innermost frame that is the user's own, from `from` on. */
static const struct frame *own_frame(const struct stack *stack, size_t from, bool python)
{
	for (size_t i = from; i < stack->count; i++) {
		const struct frame *frame = &stack->frames[i];
		bool fits = python ? frame->language == FRAME_PYTHON
				   : frame->language != FRAME_PYTHON &&
					     frame->language != FRAME_UNKNOWN;
		if (fits && !frame->plumbing)
			return frame;
	}
	return NULL;
}

size_t text_site(const struct finding *finding, const struct participant *side)
{
	bool waits = kind_info(finding->kind)->threads == KIND_WAITS;
	return waits ? SITE_NONE : site_frame(&side->stack);
}

bool text_is_access(const struct finding *finding, const struct participant *side)
{
	return side->size && kind_info(finding->kind)->threads == KIND_ACCESSES;
}

/* The interpreter's loop did it itself: its frame, if the access kept one. */
static void place_in_loop(const struct stack *stack, size_t site, struct text_place *place)
{
	for (size_t i = 0; i < site && !place->native; i++)
		if (!strcmp(stack->frames[i].function, "_PyEval_EvalFrameDefault"))
			place->native = &stack->frames[i];
	place->loop = !place->native;
}

struct text_place text_place(const struct finding *finding, const struct participant *side)
{
	const struct stack *stack = &side->stack;
	size_t at = text_site(finding, side);
	const struct frame *site = at == SITE_NONE ? NULL : &stack->frames[at];
	struct text_place place = { .python = own_frame(stack, at == SITE_NONE ? 0 : at, true) };
	if (site && site->language == FRAME_PYTHON) {
		place.python = site;
		place_in_loop(stack, at, &place);
		place.loop &= text_is_access(finding, side);
		return place;
	}
	place.native = own_frame(stack, 0, false);
	/* A thread that has no code of its own here: say where it is. */
	if (!place.native && !place.python && stack->count)
		place.native = &stack->frames[0];
	bool borrowed = place.native && plumbing_is_borrowed(place.native);
	if (site &&
	    (!place.native || place.native > site || (borrowed && !plumbing_is_borrowed(site))))
		place.native = site;
	if (site && site->language == FRAME_CYTHON && place.native != site)
		place.cython = site;
	return place;
}

void text_add_place(struct buf *out, const struct frame *frame)
{
	if (!frame->file)
		return;
	text_add_line(out, text_short_path(frame->file));
	if (frame->line)
		buf_printf(out, frame->near_line ? ":~%d" : ":%d", frame->line);
}

void text_add_lock(struct buf *out, const struct held_lock *lock)
{
	text_add_line(out, lock->name ? lock->name : "a lock");
	const struct frame *frame = own_frame(&lock->created, 0, true);
	if (!frame)
		frame = own_frame(&lock->created, 0, false);
	if (!frame || !frame->file)
		return;
	buf_puts(out, " (");
	text_add_place(out, frame);
	buf_puts(out, ")");
}

const char *text_mixed(const struct finding *finding, const struct participant *side)
{
	bool kept = kind_info(finding->kind)->threads == KIND_ACCESSES;
	if (!kept || !plumbing_mixes_stacks(&side->stack))
		return NULL;
	return "a stack of several greenlets, one over the other: only the innermost calls are "
	       "right";
}

bool text_add_as_written(struct buf *out, const struct finding *finding)
{
	unsigned runs = finding->as_written_runs;
	const char *word = runs == 1 ? "run" : "runs";
	if (finding->as_written_seen)
		buf_printf(out, "The order as written shows it, too (%u of %u %s)",
			   finding->as_written_seen, runs, word);
	else if (runs)
		buf_printf(out,
			   "Not seen in %u %s with the order as written: threads have to meet in "
			   "time for that",
			   runs, word);
	return runs > 0;
}

void text_add_number(struct buf *out, uint64_t count)
{
	char digits[24];
	int length = snprintf(digits, sizeof digits, "%" PRIu64, count);
	for (int i = 0; i < length; i++) {
		if (i && (length - i) % 3 == 0)
			buf_puts(out, ",");
		buf_add(out, &digits[i], 1);
	}
}
