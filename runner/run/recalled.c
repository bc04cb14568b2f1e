/*
 * recalled.c - `ftstress list`, `show`, `history` and `compare`: what the stores of the output folder remember.
 */
#include "runner/run/run.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "reports/entries.h"
#include "reports/report.h"
#include "reports/settle.h"
#include "reports/text.h"
#include "reports/told.h"
#include "runner/base/util.h"
#include "runner/collate/ledger.h"
#include "runner/run/history.h"
#include "runner/run/stores.h"

static const char *state_text(enum store_state state)
{
	return state == RUN_FINISHED ? "finished" : state == RUN_RUNNING ? "running" : "cut off";
}

static void add_day(struct buf *out, int64_t seconds)
{
	char text[32] = "?";
	time_t when = (time_t)seconds;
	struct tm local;
	if (seconds && localtime_r(&when, &local))
		strftime(text, sizeof text, "%Y-%m-%d %H:%M", &local);
	buf_puts(out, text);
}

static void print_line(struct buf *line)
{
	puts(line->data ? line->data : "");
	buf_clear(line);
}

/* ---- findings, as entries ---- */

/* Findings of a store as a report has them. */
struct recalled {
	struct finding *findings;
	struct finding **list; /* sorted */
	size_t count;
	struct run_info run;
	struct report_input input;
	struct entries *entries;
};

static void recall(struct recalled *recalled)
{
	recalled->list = xcalloc(recalled->count + 1, sizeof *recalled->list);
	for (size_t i = 0; i < recalled->count; i++)
		recalled->list[i] = &recalled->findings[i];
	findings_sort(recalled->list, recalled->count, settle_findings);
	recalled->input =
		(struct report_input){ .run = &recalled->run,
				       .findings = (const struct finding *const *)recalled->list,
				       .count = recalled->count };
	recalled->entries = entries_new(&recalled->input);
}

static void recalled_clear(struct recalled *recalled)
{
	if (recalled->entries)
		entries_free(recalled->entries);
	for (size_t i = 0; i < recalled->count; i++)
		finding_clear(&recalled->findings[i]);
	free(recalled->findings);
	free(recalled->list);
}

/* That of the member of which the most is to be feared. */
static int fate_of(struct store *store, const struct report_entry *entry, enum fate *fate)
{
	int code = 0;
	*fate = FATE_FIXED;
	for (size_t i = 0; i < entry->count && !code; i++) {
		static const int weights[] = {
			[FATE_PRESENT] = 3, [FATE_GONE] = 2, [FATE_UNKNOWN] = 1, [FATE_FIXED] = 0
		};
		struct history history;
		code = history_get(store, entry->members[i]->id, &history);
		if (weights[history.fate] > weights[*fate])
			*fate = history.fate;
	}
	return code;
}

static void add_entry(struct buf *line, const struct report_entry *entry)
{
	buf_printf(line, "%s  %s: ", entry->witness->id,
		   text_kind(entry->witness->kind, entry->count));
	text_add_line(line, entry->title);
	if (entry->count > 1)
		buf_printf(line, " (%zu findings)", entry->count);
}

/* ---- list ---- */

static int list_runs(struct store *store)
{
	struct store_found *runs;
	size_t count;
	struct buf line = { 0 };
	int code = store_runs(store, &runs, &count);
	if (!code)
		puts("run  started           state     iterations  findings  first seen");
	for (size_t i = 0; i < count; i++) {
		buf_printf(&line, "%3" PRId64 "  ", runs[i].run.id);
		add_day(&line, runs[i].run.started);
		buf_printf(&line, "  %-8s  %10" PRIu64 "  %8" PRIu64 "  %10" PRIu64,
			   state_text(runs[i].run.state), runs[i].run.iterations_done,
			   runs[i].findings, runs[i].fresh);
		print_line(&line);
		store_run_clear(&runs[i].run);
	}
	free(runs);
	buf_free(&line);
	return code;
}

static int list_entries(struct store *store)
{
	struct recalled recalled = { 0 };
	struct buf line = { 0 };
	int code = store_all(store, &recalled.findings, &recalled.count);
	if (!code)
		recall(&recalled);
	if (!code && recalled.count)
		puts("");
	for (size_t i = 0; !code && i < recalled.entries->count; i++) {
		enum fate fate;
		code = fate_of(store, &recalled.entries->items[i], &fate);
		buf_printf(&line, "%-9s  ", fate_name(fate));
		add_entry(&line, &recalled.entries->items[i]);
		print_line(&line);
	}
	recalled_clear(&recalled);
	buf_free(&line);
	return code;
}

static int list_suite(const char *folder, const char *suite)
{
	struct store *store = NULL;
	int code = stores_open(folder, suite, &store);
	if (!code)
		code = list_runs(store);
	if (!code)
		code = list_entries(store);
	store_close(store);
	return code;
}

/* A line a suite. */
static int list_suites(const char *folder)
{
	size_t count;
	char **names = stores_names(folder, &count);
	int code = 0;
	struct buf line = { 0 };
	for (size_t i = 0; i < count && !code; i++) {
		struct store *store = NULL;
		struct store_found *runs = NULL;
		size_t run_count = 0;
		code = stores_open(folder, names[i], &store);
		if (!code)
			code = store_runs(store, &runs, &run_count);
		store_close(store);
		if (code)
			break;
		buf_printf(&line, "%-24s %4zu run%s", names[i], run_count,
			   run_count == 1 ? "" : "s");
		if (run_count) {
			buf_puts(&line, ", the last one ");
			add_day(&line, runs[run_count - 1].run.started);
			buf_printf(&line, ": %" PRIu64 " finding%s", runs[run_count - 1].findings,
				   runs[run_count - 1].findings == 1 ? "" : "s");
		}
		print_line(&line);
		for (size_t k = 0; k < run_count; k++)
			store_run_clear(&runs[k].run);
		free(runs);
	}
	if (!count && !code)
		code = fail(EXIT_BAD_INPUT,
			    "%s has no store of a suite (--output DIR looks in "
			    "another folder)",
			    folder);
	strings_free(names, count);
	buf_free(&line);
	return code;
}

int run_list(const struct settings *settings)
{
	return settings->suite ? list_suite(settings->output, settings->suite)
			       : list_suites(settings->output);
}

/* ---- show, history ---- */

static void print_fate(struct store *store, const char *id, int *code)
{
	struct history history;
	struct buf line = { 0 };
	*code = history_get(store, id, &history);
	if (!*code) {
		history_add(&line, &history);
		print_line(&line);
	}
	buf_free(&line);
}

static void print_finding(const char *suite, const struct finding *finding)
{
	struct buf line = { 0 };
	const struct finding *list[] = { finding };
	struct run_info run = { 0 };
	struct report_input input = { .run = &run, .findings = list, .count = 1 };
	struct entries *entries = entries_new(&input);
	struct page page = { .out = stdout };
	buf_printf(&line, "%s, of %s: ", finding->id, suite);
	buf_printf(&line, "%s: ", text_kind(finding->kind, 1));
	text_add_line(&line, finding->title ? finding->title : "");
	print_line(&line);
	told_entry(&page, &input, entries, 0, &entries->items[0]);
	if (finding->explanation) {
		puts("");
		text_add_line(&line, finding->explanation);
		print_line(&line);
	}
	puts("");
	entries_free(entries);
	buf_free(&line);
}

int run_show(const struct settings *settings)
{
	struct store *store = NULL;
	char *suite = NULL;
	struct finding finding = { 0 };
	if (!settings->finding)
		return fail(EXIT_BAD_INPUT, "which finding? ftstress show ID; the id, or its "
					    "beginning, stands in the report");
	int code = stores_find(settings->output, settings->finding, &store, &suite, &finding);
	if (!code) {
		finding.run_count = finding.count;
		print_finding(suite, &finding);
		print_fate(store, finding.id, &code);
	}
	finding_clear(&finding);
	free(suite);
	store_close(store);
	return code;
}

static void print_sightings(const struct store_sighting *runs, size_t count)
{
	struct buf line = { 0 };
	puts("run  started           state     iterations  turns of its tests  seen");
	for (size_t i = 0; i < count; i++) {
		buf_printf(&line, "%3" PRId64 "  ", runs[i].run);
		add_day(&line, runs[i].started);
		buf_printf(&line, "  %-8s  %10" PRIu64 "  ", state_text(runs[i].state),
			   runs[i].iterations);
		if (runs[i].turns)
			buf_printf(&line, "%18" PRIu64, runs[i].turns);
		else
			buf_printf(&line, "%18s", "-");
		buf_printf(&line, "  %4" PRIu64, runs[i].seen);
		print_line(&line);
	}
	puts("");
	buf_free(&line);
}

int run_history(const struct settings *settings)
{
	struct store *store = NULL;
	struct store_sighting *runs = NULL;
	size_t count = 0;
	struct finding finding = { 0 };
	if (!settings->finding)
		return fail(EXIT_BAD_INPUT, "which finding? ftstress history ID; the id, or its "
					    "beginning, stands in the report");
	int code = stores_find(settings->output, settings->finding, &store, NULL, &finding);
	if (!code)
		code = store_sightings(store, finding.id, &runs, &count);
	if (!code) {
		struct buf line = { 0 };
		buf_printf(&line, "%s: ", finding.id);
		text_add_line(&line, finding.title ? finding.title : "");
		print_line(&line);
		print_sightings(runs, count);
		buf_free(&line);
		print_fate(store, finding.id, &code);
	}
	store_sightings_free(runs, count);
	finding_clear(&finding);
	store_close(store);
	return code;
}

/* ---- compare ---- */

/* The findings of one run that the other one has not. */
static void only_in(struct recalled *out, const struct finding *findings, size_t count,
		    const struct finding *others, size_t other_count)
{
	size_t capacity = 0;
	for (size_t i = 0; i < count; i++) {
		bool both = false;
		for (size_t k = 0; k < other_count && !both; k++)
			both = strcmp(findings[i].id, others[k].id) == 0;
		if (!both)
			ARRAY_PUSH(out->findings, out->count, capacity, findings[i]);
	}
	recall(out);
}

/* Whether the runs behind the first one, up to the second, did enough to have seen it. */
static int add_enough(struct buf *line, struct store *store, const char *id, int64_t first,
		      int64_t second)
{
	struct store_sighting *runs;
	size_t count;
	int code = store_sightings(store, id, &runs, &count);
	if (code)
		return code;
	struct history history = history_of(runs, count, second, first + 1);
	if (history.fate == FATE_FIXED)
		buf_puts(line, "  fixed, at 95 %");
	else if (history.needed)
		buf_printf(line,
			   "  %" PRIu64 " of the %" PRIu64 " turns of its tests that it takes",
			   history.after, history.needed);
	else
		buf_puts(line, "  not known whether that says anything");
	store_sightings_free(runs, count);
	return 0;
}

static int print_side(struct store *store, const char *title, const struct recalled *side,
		      int64_t first, int64_t second)
{
	struct buf line = { 0 };
	int code = 0;
	if (side->entries->count)
		printf("\n%s:\n", title);
	for (size_t i = 0; i < side->entries->count && !code; i++) {
		buf_puts(&line, "  ");
		add_entry(&line, &side->entries->items[i]);
		print_line(&line);
		if (!second)
			continue;
		buf_puts(&line, "  ");
		code = add_enough(&line, store, side->entries->items[i].witness->id, first, second);
		print_line(&line);
	}
	buf_free(&line);
	return code;
}

static int compare(struct store *store, int64_t first, int64_t second)
{
	struct finding *a = NULL, *b = NULL;
	size_t a_count = 0, b_count = 0;
	struct recalled gone = { 0 }, fresh = { 0 };
	int code = store_findings(store, first, &a, &a_count);
	if (!code)
		code = store_findings(store, second, &b, &b_count);
	if (!code) {
		only_in(&gone, a, a_count, b, b_count);
		only_in(&fresh, b, b_count, a, a_count);
		printf("findings: run %" PRId64 " has %zu, run %" PRId64
		       " has %zu, both have %zu\n",
		       first, a_count, second, b_count, a_count - gone.count);
		char *title = xprintf("not in run %" PRId64, second);
		code = print_side(store, title, &gone, first, second);
		free(title);
		title = xprintf("not in run %" PRId64, first);
		code = code ? code : print_side(store, title, &fresh, second, 0);
		free(title);
		code = code ? code : fresh.count ? EXIT_FINDINGS : EXIT_CLEAN;
	}
	gone.count = fresh.count = 0; /* what is in them is in a and b */
	recalled_clear(&gone);
	recalled_clear(&fresh);
	for (size_t i = 0; i < a_count; i++)
		finding_clear(&a[i]);
	for (size_t i = 0; i < b_count; i++)
		finding_clear(&b[i]);
	free(a);
	free(b);
	return code;
}

static int get_run(struct store *store, const char *word, int64_t *number)
{
	struct store_run run;
	bool found = false;
	char *end;
	*number = strtoll(word, &end, 10);
	if (*end || *number < 1)
		return fail(EXIT_BAD_INPUT,
			    "\"%s\" is no number of a run; `ftstress list SUITE` has "
			    "them",
			    word);
	int code = store_run_get(store, *number, &run, &found);
	store_run_clear(&run);
	if (!code && !found)
		code = fail(EXIT_BAD_INPUT,
			    "there is no run %s; `ftstress list SUITE` has the "
			    "numbers",
			    word);
	return code;
}

/* The suite that is asked for, or the only one that has a store; to be freed. */
static int suite_of(const struct settings *settings, char **suite)
{
	size_t count;
	if (settings->suite) {
		*suite = xstrdup(settings->suite);
		return 0;
	}
	char **names = stores_names(settings->output, &count);
	int code = count == 1
			   ? 0
			   : fail(EXIT_BAD_INPUT,
				  "which suite? ftstress compare RUN RUN --suite NAME (`ftstress "
				  "list` names those that have a store in %s)",
				  settings->output);
	if (!code)
		*suite = xstrdup(names[0]);
	strings_free(names, count);
	return code;
}

int run_compare(const struct settings *settings)
{
	struct store *store = NULL;
	char *suite = NULL;
	int64_t first, second;
	if (!settings->runs[0] || !settings->runs[1])
		return fail(EXIT_BAD_INPUT, "which runs? ftstress compare RUN RUN --suite NAME; "
					    "`ftstress list NAME` has their numbers");
	int code = suite_of(settings, &suite);
	if (!code)
		code = stores_open(settings->output, suite, &store);
	if (!code)
		code = get_run(store, settings->runs[0], &first);
	if (!code)
		code = get_run(store, settings->runs[1], &second);
	if (!code)
		code = compare(store, first, second);
	store_close(store);
	free(suite);
	return code;
}
