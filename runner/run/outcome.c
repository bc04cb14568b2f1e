/* outcome.c - see outcome.h. */
#include "runner/run/outcome.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include "reports/entries.h"
#include "reports/report.h"
#include "runner/run/index.h"
#include "runner/base/closest.h"
#include "runner/setup/paths.h"
#include "runner/base/util.h"

/* Bytes of disk that a run needs at least: the store alone takes so much. */
#define ROOM_NEEDED (256u * 1024u)

static int unknown_format(const char *name)
{
	struct closest closest = { 0 };
	struct buf list = { 0 };
	for (size_t i = 0; report_formats[i]; i++) {
		closest_offer(&closest, name, report_formats[i]->name);
		buf_printf(&list, "%s%s", i ? ", " : "", report_formats[i]->name);
	}
	char *hint = closest_hint(&closest);
	int code = fail(EXIT_BAD_INPUT, "--format: no format \"%s\"%s (there are: %s)", name, hint,
			list.data ? list.data : "none");
	free(hint);
	buf_free(&list);
	return code;
}

int formats_check(const char *formats)
{
	char *copy = xstrdup(formats), *rest = copy, *name;
	int code = 0;
	while (!code && (name = strsep(&rest, ", ")))
		if (*name && !report_find(name))
			code = unknown_format(name);
	free(copy);
	return code;
}

int output_folder_check(const char *folder)
{
	int error = make_folders(folder);
	char *path = xprintf("%s/.ftstress-%d", folder, (int)getpid());
	int fd = error ? -1 : open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	if (!error && fd < 0)
		error = errno;
	char zeros[4096] = { 0 };
	for (size_t written = 0; fd >= 0 && !error && written < ROOM_NEEDED;
	     written += sizeof zeros)
		if (write(fd, zeros, sizeof zeros) != (ssize_t)sizeof zeros)
			error = errno ? errno : ENOSPC;
	if (fd >= 0) {
		if (close(fd) < 0 && !error)
			error = errno;
		unlink(path);
	}
	free(path);
	if (!error)
		return 0;
	bool full = error == ENOSPC || error == EDQUOT;
	return fail(full ? EXIT_INTERNAL : EXIT_BAD_INPUT,
		    "%s: no report can be written there: %s; choose another folder with --output",
		    folder, strerror(error));
}

/* Writes a report, whole or not at all. Returns 0 or an errno value. */
static int write_file(const struct report_format *format, const struct report_input *input,
		      const char *path)
{
	char *temporary = xprintf("%s.tmp", path);
	FILE *out = fopen(temporary, "we");
	int error = out ? format->write(out, input) : errno;
	if (out && fclose(out) != 0 && !error)
		error = errno;
	if (!error && rename(temporary, path) < 0)
		error = errno;
	if (error)
		unlink(temporary);
	free(temporary);
	return error;
}

static char *time_stamp(int64_t started)
{
	time_t seconds = (time_t)started;
	struct tm local;
	char text[32];
	localtime_r(&seconds, &local);
	strftime(text, sizeof text, "%Y%m%d-%H%M%S", &local);
	return xstrdup(text);
}

/* What the user can do about a report that could not be written; to be freed. */
static char *advice(const struct settings *settings, const struct report_input *input, bool stored)
{
	if (stored)
		return xprintf("the findings are in %s/%s.db: make room, then `ftstress report %s`",
			       settings->output, input->run->suite, settings->suite);
	return xstrdup("the findings are in the summary only: make room, then repeat the run");
}

/* Writes one format; adds the path to `written`. */
static int write_format(const struct settings *settings, const struct report_input *input,
			const struct report_format *format, bool stored, struct buf *written)
{
	if (!format->extension) {
		int failed = format->write(stdout, input);
		return failed && failed != EPIPE ? fail(EXIT_INTERNAL, "--format %s: %s",
							format->name, strerror(failed))
						 : 0;
	}
	char *stamp = time_stamp(input->run->ended);
	char *path = xprintf("%s/%s-%s.%s", settings->output, input->run->suite, stamp,
			     format->extension);
	free(stamp);
	int error = write_file(format, input, path), code = 0;
	if (error) {
		char *what = advice(settings, input, stored);
		code = fail(EXIT_INTERNAL, "%s: the report can't be written: %s; %s", path,
			    strerror(error), what);
		free(what);
	} else {
		buf_printf(written, "%s\n", path);
	}
	free(path);
	return code;
}

static unsigned columns(void)
{
	struct winsize size;
	if (!isatty(STDOUT_FILENO) || ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) < 0)
		return 0;
	return size.ws_col >= 40 ? size.ws_col : size.ws_col ? 40 : 80;
}

/* A summary can't hold a command for GitHub if it does not know this. */
static void make_token(char token[17])
{
	uint64_t random = 0;
	if (getrandom(&random, sizeof random, 0) != sizeof random)
		random = (uint64_t)time(NULL) * (uint64_t)getpid();
	snprintf(token, 17, "%016" PRIx64, random);
}

static bool has_page(const char *formats)
{
	char *copy = xstrdup(formats), *rest = copy, *name;
	bool has = false;
	while ((name = strsep(&rest, ", ")))
		has = has || !strcmp(name, "html");
	free(copy);
	return has;
}

int outcome_write(const struct settings *settings, const struct report_input *findings, bool stored)
{
	/* Of thousands of findings they take as long as a report. */
	struct report_input with_entries = *findings;
	const struct report_input *input = &with_entries;
	with_entries.entries = entries_new(findings);
	struct buf written = { 0 };
	int code = 0;
	bool quoted = false;
	char *copy = xstrdup(settings->formats), *rest = copy, *name, token[17];
	while ((name = strsep(&rest, ", "))) {
		const struct report_format *format = report_find(name);
		quoted = quoted || (format && !format->extension);
		int failed = format ? write_format(settings, input, format, stored, &written) : 0;
		code = code ? code : failed;
	}
	free(copy);
	bool color = isatty(STDOUT_FILENO) && !getenv("NO_COLOR");
	make_token(token);
	if (quoted)
		report_github_quote(stdout, token, true);
	int error = report_summary(stdout, input, color, columns());
	if (quoted)
		report_github_quote(stdout, token, false);
	if (stored && has_page(settings->formats))
		index_write(settings->output);
	if (written.length)
		fputs(written.data, stdout);
	if (fflush(stdout) != 0 && !error)
		error = errno;
	if (error && error != EPIPE && !code)
		code = fail(EXIT_INTERNAL, "the summary can't be written: %s", strerror(error));
	buf_free(&written);
	entries_free(with_entries.entries);
	return code;
}
