/* runs_page.c - see runs_page.h. No script: it is there at once, and in any viewer. */
#include "reports/runs_page.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "reports/formats.h"
#include "reports/text.h"
#include "runner/base/util.h"

enum {
	TREND_RUNS = 60, /* the newest ones */
	BAR_WIDTH = 9,
	TREND_HEIGHT = 44,
};

static const char head[] =
	"<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
	"<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
	"<meta name=\"color-scheme\" content=\"light dark\">\n"
	"<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
	"style-src 'unsafe-inline'; img-src data:\">\n"
	"<title>ftstress: all runs</title>\n<link rel=\"icon\" href=\"data:,\">\n<style>\n"
	":root{color-scheme:light dark;--ground:#fafaf8;--sheet:#fff;--ink:#1c1e21;--soft:#5c626b;"
	"--line:#dfdfda;--link:#1a56b0;--new:#b42318;--bar:#a3a8b0}\n"
	"@media (prefers-color-scheme:dark){:root{--ground:#131518;--sheet:#1a1d21;--ink:#e3e6ea;"
	"--soft:#a3abb6;--line:#30353c;--link:#8ab8ff;--new:#ff8f80;--bar:#6d7683}}\n"
	"body{margin:0 auto;max-width:1100px;padding:14px clamp(14px,2.4vw,36px) 40px;"
	"background:var(--ground);color:var(--ink);font:15px/1.5 system-ui,sans-serif;"
	"overflow-wrap:anywhere}\n"
	"h1{font-size:26px;margin:18px 0}h2{font-size:16px;margin:0}p{margin:0;color:var(--soft)}\n"
	"a{color:var(--link);text-decoration:none}a:hover{text-decoration:underline}\n"
	".suites{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,320px),1fr));"
	"gap:14px;margin-bottom:30px}\n"
	".suite{padding:12px 16px;border:1px solid var(--line);border-radius:8px;"
	"background:var(--sheet)}\n"
	"svg{display:block;max-width:100%;margin:8px 0}.all{fill:var(--bar)}.fresh{fill:var(--new)}\n"
	"table{width:100%;border-collapse:collapse;font-size:14px}"
	"th,td{padding:5px 14px 5px 0;border-bottom:1px solid var(--line);text-align:left;"
	"vertical-align:top;font-weight:400}\n"
	"thead th{color:var(--soft);font-size:12.5px}.n{text-align:right;overflow-wrap:normal;"
	"font-variant-numeric:tabular-nums}strong{color:var(--new)}\n"
	"@media (max-width:640px){.wide{display:none}}\n"
	"</style>\n</head>\n<body>\n";

static void put_escaped(FILE *out, const char *text)
{
	struct buf clean = { 0 };
	text_add_utf8(&clean, text ? text : "");
	for (const char *at = clean.data ? clean.data : ""; *at; at++) {
		const char *entity = *at == '<'    ? "&lt;"
				     : *at == '>'  ? "&gt;"
				     : *at == '&'  ? "&amp;"
				     : *at == '"'  ? "&quot;"
				     : *at == '\'' ? "&#39;"
						   : NULL;
		if (entity)
			fputs(entity, out);
		else
			putc(*at, out);
	}
	buf_free(&clean);
}

/* A link to a file beside the page, whatever its name; without a file nothing. */
static void begin_link(FILE *out, const char *file)
{
	if (!file)
		return;
	fputs("<a href=\"", out);
	for (const char *at = file; *at; at++)
		fprintf(out, isalnum((unsigned char)*at) || strchr("-._~", *at) ? "%c" : "%%%02X",
			(unsigned char)*at);
	fputs("\">", out);
}

static void end_link(FILE *out, const char *file)
{
	fputs(file ? "</a>" : "", out);
}

/* Of a store that was damaged it may be any number. */
static void put_time(FILE *out, int64_t seconds)
{
	time_t time = (time_t)seconds;
	struct tm local;
	char text[64] = "?";
	if (localtime_r(&time, &local))
		strftime(text, sizeof text, "%Y-%m-%d %H:%M", &local);
	fputs(text, out);
}

static void put_duration(FILE *out, const struct runs_page_run *run)
{
	if (!run->ended || run->started < 0 || run->ended < run->started)
		return;
	int64_t seconds = run->ended - run->started;
	if (seconds >= 3600)
		fprintf(out, "%" PRId64 " h %" PRId64 " min", seconds / 3600, seconds / 60 % 60);
	else if (seconds >= 60)
		fprintf(out, "%" PRId64 " min %" PRId64 " s", seconds / 60, seconds % 60);
	else
		fprintf(out, "%" PRId64 " s", seconds);
}

static void put_fresh(FILE *out, uint64_t fresh)
{
	fprintf(out, fresh ? "<strong>%" PRIu64 "</strong>" : "%" PRIu64, fresh);
}

/* A bar a run, the newest at the right: what it found, and in front what no earlier run had. */
static void put_trend(FILE *out, const struct runs_page_suite *suite)
{
	size_t first = suite->count > TREND_RUNS ? suite->count - TREND_RUNS : 0;
	uint64_t most = 1;
	for (size_t i = first; i < suite->count; i++)
		most = suite->runs[i].findings > most ? suite->runs[i].findings : most;
	fprintf(out,
		"<svg width=\"%zu\" height=\"%d\" role=\"img\" aria-label=\"findings of the last %zu "
		"runs, %" PRIu64 " at the most\">",
		(suite->count - first) * BAR_WIDTH, TREND_HEIGHT, suite->count - first, most);
	for (size_t i = first; i < suite->count; i++) {
		const struct runs_page_run *run = &suite->runs[i];
		const struct {
			const char *name;
			uint64_t value;
		} bars[] = { { "all", run->findings }, { "fresh", run->fresh } };
		for (size_t k = 0; k < 2; k++) {
			double height = (double)bars[k].value / (double)most * (TREND_HEIGHT - 2);
			height = bars[k].value && height < 2 ? 2 : height;
			if (k == 0 && height < 1)
				height = 1; /* a run that found nothing is a run */
			fprintf(out,
				"<rect class=\"%s\" x=\"%zu\" y=\"%.1f\" width=\"%d\" "
				"height=\"%.1f\"><title>run %" PRId64 ": %" PRIu64
				" findings, %" PRIu64 " new</title></rect>",
				bars[k].name, (i - first) * BAR_WIDTH,
				(double)TREND_HEIGHT - height, BAR_WIDTH - 2, height, run->number,
				run->findings, run->fresh);
		}
	}
	fputs("</svg>\n", out);
}

static void put_suite(FILE *out, const struct runs_page_suite *suite)
{
	const struct runs_page_run *last = &suite->runs[suite->count - 1];
	fputs("<section class=\"suite\"><h2>", out);
	begin_link(out, last->page);
	put_escaped(out, suite->name);
	end_link(out, last->page);
	fputs("</h2>\n", out);
	put_trend(out, suite);
	fprintf(out, "<p>The last of %zu run%s found %" PRIu64 ", ", suite->count,
		suite->count == 1 ? "" : "s", last->findings);
	put_fresh(out, last->fresh);
	fputs(" new.</p></section>\n", out);
}

struct line {
	const struct runs_page_suite *suite;
	const struct runs_page_run *run;
};

static int newest_first(const void *a, const void *b)
{
	const struct line *one = a, *other = b;
	if (one->run->started != other->run->started)
		return one->run->started > other->run->started ? -1 : 1;
	int order = strcmp(one->suite->name, other->suite->name);
	return order ? order : one->run->number > other->run->number ? -1 : 1;
}

static void put_line(FILE *out, const struct line *line)
{
	const struct runs_page_run *run = line->run;
	fputs("<tr><th scope=\"row\">", out);
	begin_link(out, run->page);
	put_time(out, run->started);
	end_link(out, run->page);
	fputs("</th><td>", out);
	put_escaped(out, line->suite->name);
	fprintf(out,
		"</td><td class=\"n wide\">%" PRId64 "</td><td class=\"n wide\">%" PRIu64 "</td>",
		run->number, run->iterations);
	fprintf(out, "<td class=\"n\">%" PRIu64 "</td><td class=\"n\">", run->findings);
	put_fresh(out, run->fresh);
	fputs("</td><td class=\"wide\">", out);
	put_escaped(out, run->state);
	fputs("</td><td class=\"wide\">", out);
	put_duration(out, run);
	fputs("</td></tr>\n", out);
}

int runs_page_write(FILE *out, const struct runs_page_suite *suites, size_t count)
{
	struct line *lines = NULL;
	size_t line_count = 0, capacity = 0;
	for (size_t i = 0; i < count; i++)
		for (size_t k = 0; k < suites[i].count; k++) {
			struct line line = { &suites[i], &suites[i].runs[k] };
			ARRAY_PUSH(lines, line_count, capacity, line);
		}
	if (line_count)
		qsort(lines, line_count, sizeof *lines, newest_first);
	fputs(head, out);
	fprintf(out, "<main><h1>%zu run%s of %zu suite%s</h1>\n<div class=\"suites\">\n",
		line_count, line_count == 1 ? "" : "s", count, count == 1 ? "" : "s");
	for (size_t i = 0; i < count; i++)
		put_suite(out, &suites[i]);
	fputs("</div>\n<p>Bars are runs: what each found, and in red what no earlier run of the suite had. "
	      "Findings of every kind and status count.</p>\n<table><thead><tr><th scope=\"col\">Began</th><th scope=\"col\">Suite</th>"
	      "<th scope=\"col\" class=\"n wide\">Run</th><th scope=\"col\" class=\"n wide\">Iterations</th>"
	      "<th scope=\"col\" class=\"n\">Findings</th><th scope=\"col\" class=\"n\">New</th>"
	      "<th scope=\"col\" class=\"wide\">State</th><th scope=\"col\" class=\"wide\">Took</th></tr>"
	      "</thead><tbody>\n",
	      out);
	for (size_t i = 0; i < line_count; i++)
		put_line(out, &lines[i]);
	free(lines);
	fputs("</tbody></table></main>\n</body>\n</html>\n", out);
	return report_flush(out);
}
