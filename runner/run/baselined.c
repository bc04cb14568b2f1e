/*
 * baselined.c - `ftstress baseline update SUITE`: what the suite's last run has found becomes known, in a file
 * that somebody reads before it counts (collate/baseline.h).
 */
#include "runner/run/run.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "reports/entries.h"
#include "runner/base/util.h"
#include "runner/collate/baseline.h"
#include "runner/collate/ledger.h"
#include "runner/run/session.h"
#include "runner/store/store.h"

/* Writes the file, whole or not at all. */
static int write_text(const char *path, const char *text)
{
	char *temporary = xprintf("%s.tmp", path);
	FILE *out = fopen(temporary, "we");
	int error = !out || fputs(text, out) < 0 ? errno : 0;
	if (out && fclose(out) != 0 && !error)
		error = errno;
	if (!error && rename(temporary, path) < 0)
		error = errno;
	if (error) {
		unlink(temporary);
		fail(EXIT_BAD_INPUT, "%s can't be written: %s", path, strerror(error));
	}
	free(temporary);
	return error ? EXIT_BAD_INPUT : 0;
}

/* What would fail a run; what is upstream, documented or suppressed needs no baseline. */
static bool belongs(const struct report_entry *entry)
{
	enum finding_status status = entry->witness->status;
	return status == STATUS_NEW || status == STATUS_KNOWN;
}

static struct baseline_entry *wanted(const struct entries *entries, size_t *count)
{
	struct baseline_entry *list = xcalloc(entries->count + 1, sizeof *list);
	*count = 0;
	for (size_t i = 0; i < entries->count; i++) {
		const struct report_entry *entry = &entries->items[i];
		if (!belongs(entry))
			continue;
		const char **ids = xcalloc(entry->count + 1, sizeof *ids);
		size_t number = 0;
		ids[number++] = entry->witness->id;
		for (size_t k = 0; k < entry->count; k++)
			if (entry->members[k] != entry->witness)
				ids[number++] = entry->members[k]->id;
		list[(*count)++] = (struct baseline_entry){ entry->title, ids, number };
	}
	return list;
}

/* Puts the entries into the file, and tells what is different in it now. */
static int put(const char *path, const struct report_input *input)
{
	size_t count, added, grown;
	struct entries *entries = entries_new(input);
	struct baseline_entry *list = wanted(entries, &count);
	char *old = read_file(path, NULL);
	int code = 0;
	if (!old && errno != ENOENT)
		code = fail(EXIT_BAD_INPUT, "can't read the baseline %s: %s", path,
			    strerror(errno));
	if (!code && old) { /* what can't be read must not be written over */
		struct baseline *there = baseline_new("");
		code = baseline_parse(there, path, old);
		baseline_free(there);
	}
	if (!code) {
		char *text = baseline_with(old, list, count, &added, &grown);
		code = old && strcmp(text, old) == 0 ? 0 : write_text(path, text);
		free(text);
	}
	if (!code)
		printf("%s: of %zu entr%s of the last run %zu new, %zu with more findings\n", path,
		       count, count == 1 ? "y" : "ies", added, grown);
	if (!code && added)
		puts("Write down a reason for each, and a day on which it expires.");
	for (size_t i = 0; i < count; i++)
		free((void *)list[i].ids);
	free(list);
	free(old);
	entries_free(entries);
	return code;
}

int run_baseline(struct settings *settings, const struct invocation *invocation)
{
	struct run run = { .invocation = invocation, .settings = settings, .lock = -1 };
	struct stored_report stored = { 0 };
	int code = session_load_suite(&run);
	char *path = code ? NULL : session_baseline_path(&run);
	if (!code && !path)
		code = fail(
			EXIT_BAD_INPUT,
			"which file? --baseline FILE, or `baseline = FILE` in the [suite] of %s",
			settings->suite);
	if (!code)
		code = session_open_store(&run);
	if (!code)
		code = session_last_report(&run, &stored);
	if (!code) {
		struct report_input input = { .run = &stored.info,
					      .findings =
						      (const struct finding *const *)stored.list,
					      .count = stored.count };
		code = put(path, &input);
	}
	free(path);
	session_report_clear(&stored);
	session_clear(&run);
	return code;
}
