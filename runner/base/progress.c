/* progress.c - see progress.h. */
#include "runner/base/progress.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "runner/base/util.h"

#define REDRAW 0.2 /* seconds */
#define PLAIN 10.0

struct progress {
	bool quiet, terminal;
	double shown; /* when the last time */
	char *line;   /* as it is drawn */
	char *step;   /* of the preparation */
	double began; /* the step, now_seconds() */
	bool drawn;
};

/* The one display; message_before and message_after have no argument. */
static struct progress *display;

static void erase(void)
{
	if (display && display->drawn) {
		fputs("\r\033[K", stderr);
		display->drawn = false;
	}
}

static void draw(void)
{
	if (display && display->terminal && display->line) {
		fprintf(stderr, "\r%s\033[K", display->line);
		fflush(stderr);
		display->drawn = true;
	}
}

struct progress *progress_open(bool quiet)
{
	struct progress *progress = xcalloc(1, sizeof *progress);
	const char *kind = getenv("TERM");
	progress->quiet = quiet;
	progress->terminal = !quiet && isatty(STDERR_FILENO) && kind && strcmp(kind, "dumb") != 0;
	progress->shown = progress->terminal ? 0 : now_seconds();
	display = progress;
	message_before = erase;
	message_after = draw;
	return progress;
}

void progress_close(struct progress *progress)
{
	if (!progress)
		return;
	erase();
	message_before = message_after = NULL;
	display = NULL;
	free(progress->line);
	free(progress->step);
	free(progress);
}

static unsigned columns(void)
{
	struct winsize size;
	return ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 20 ? size.ws_col : 80;
}

/* Takes over `line`. */
static void show(struct progress *progress, char *line)
{
	progress->shown = now_seconds();
	if (!progress->terminal) {
		fprintf(stderr, "ftstress: %s\n", line);
		free(line);
		return;
	}
	unsigned width = columns();
	if (strlen(line) >= width)
		line[width - 1] = '\0';
	free(progress->line);
	progress->line = line;
	draw();
}

static bool due(const struct progress *progress)
{
	double since = now_seconds() - progress->shown;
	return !progress->quiet && since >= (progress->terminal ? REDRAW : PLAIN);
}

static char *time_text(double seconds)
{
	uint64_t whole = seconds > 0 ? (uint64_t)(seconds + 0.5) : 0;
	if (whole >= 3600)
		return xprintf("%" PRIu64 " h %02" PRIu64 " min", whole / 3600, whole / 60 % 60);
	if (whole >= 60)
		return xprintf("%" PRIu64 " min %02" PRIu64 " s", whole / 60, whole % 60);
	return xprintf("%" PRIu64 " s", whole);
}

/* Seconds until the run ends, by the pace so far and by its duration; below 0 = not known. */
static double time_left(const struct progress_state *state, double elapsed)
{
	double left = -1, fresh = (double)(state->done - state->before);
	if (state->total > state->done && fresh > 0 && !state->slow_test)
		left = elapsed / fresh * (double)(state->total - state->done);
	double until = state->duration - elapsed;
	if (state->duration > 0 && (left < 0 || until < left))
		left = until > 0 ? until : 0;
	return left;
}

/* The end of an id that may be long: the test's name stands there. */
static const char *id_end(const char *id)
{
	enum { MOST = 24 }; /* of 80 columns */
	size_t length = strlen(id);
	const char *from = length > MOST ? id + length - MOST : id;
	while ((*from & 0xc0) == 0x80) /* in the middle of a character */
		from++;
	return from;
}

/* Which tests run now. */
static void put_now(struct buf *line, const struct progress_state *state)
{
	if (!state->slice_tests)
		return;
	buf_printf(line, " (now test %" PRIu64 " of %" PRIu64, state->slice_begun,
		   state->slice_tests);
	if (state->slow_test) {
		const char *end = id_end(state->slow_test);
		char *time = time_text(state->slow_seconds);
		buf_printf(line, ": %s%s for %s", end > state->slow_test ? "..." : "", end, time);
		free(time);
	}
	buf_puts(line, ")");
	if (state->ends_in > 0) {
		char *text = time_text(state->ends_in);
		buf_printf(line, ", time is over, ended in %s", text);
		free(text);
	}
}

/* When the run will be over, as far as that is known: the pace says nothing while a test is stuck.
 */
static void put_left(struct buf *line, const struct progress_state *state, double elapsed)
{
	double left = time_left(state, elapsed);
	if (left >= 0 && state->ends_in <= 0) {
		char *text = time_text(left);
		buf_printf(line, ", %s left", text);
		free(text);
	}
}

void progress_show(struct progress *progress, const struct progress_state *state)
{
	if (!due(progress))
		return;
	double elapsed = now_seconds() - state->started;
	struct buf line = { 0 };
	buf_printf(&line, "%" PRIu64, state->done);
	if (state->total)
		buf_printf(&line, "/%" PRIu64, state->total);
	if (state->starting) {
		buf_printf(&line, " iterations, importing the tests (%.0f s)", elapsed);
		show(progress, buf_take(&line));
		return;
	}
	buf_puts(&line, " iterations");
	put_now(&line, state);
	if (state->tests || !state->slice_tests)
		buf_printf(&line, ", %" PRIu64 " test%s", state->tests,
			   state->tests == 1 ? "" : "s");
	buf_printf(&line, ", findings: %zu new", state->findings_new);
	if (state->findings_known)
		buf_printf(&line, " %zu known", state->findings_known);
	if (state->rechecking) {
		buf_puts(&line, ", trying new races with the order as written");
		show(progress, buf_take(&line));
		return;
	}
	if (elapsed > 1 && state->done > state->before)
		buf_printf(&line, ", %.1f it/min",
			   (double)(state->done - state->before) * 60 / elapsed);
	put_left(&line, state, elapsed);
	show(progress, buf_take(&line));
}

void progress_step(struct progress *progress, const char *text, uint64_t done, uint64_t total)
{
	bool fresh = !progress->step || strcmp(progress->step, text) != 0;
	if (fresh) {
		free(progress->step);
		progress->step = xstrdup(text);
		progress->began = now_seconds();
	}
	if (progress->quiet || (!due(progress) && !(fresh && progress->terminal)))
		return;
	double elapsed = now_seconds() - progress->began;
	struct buf line = { 0 };
	buf_puts(&line, text);
	if (done && total) {
		buf_printf(&line, " %" PRIu64 " %%", done * 100 / total);
	} else if (elapsed >= 1) {
		char *time = time_text(elapsed);
		buf_printf(&line, ", %s", time);
		free(time);
	}
	show(progress, buf_take(&line));
}
