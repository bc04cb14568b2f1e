/* fixed.c - see fixed.h. */
#include "runner/run/fixed.h"

#include <stdbool.h>
#include <stdlib.h>

#include "reports/entries.h"
#include "reports/settle.h"
#include "runner/base/util.h"
#include "runner/collate/ledger.h"
#include "runner/run/history.h"

enum { LOOKED_AT = 200 }; /* what is fixed for long is of the past */

/* Findings that are gone, whether or not that is sure. */
struct gone {
	struct finding *findings;
	struct finding **list;
	size_t count, capacity;
};

static int get_gone(struct store *store, int64_t run, struct gone *gone)
{
	char **ids = NULL;
	size_t count = 0;
	int code = store_absent(store, run, LOOKED_AT, &ids, &count);
	for (size_t i = 0; i < count && !code; i++) {
		struct finding finding;
		bool found = false;
		code = store_find(store, ids[i], &finding, &found);
		if (!code && found)
			ARRAY_PUSH(gone->findings, gone->count, gone->capacity, finding);
	}
	strings_free(ids, count);
	gone->list = xcalloc(gone->count + 1, sizeof *gone->list);
	for (size_t i = 0; i < gone->count; i++)
		gone->list[i] = &gone->findings[i];
	findings_sort(gone->list, gone->count, settle_findings);
	return code;
}

static void gone_clear(struct gone *gone)
{
	for (size_t i = 0; i < gone->count; i++)
		finding_clear(&gone->findings[i]);
	free(gone->findings);
	free(gone->list);
}

/* The history of the member that is the least sure to be fixed; false: one of them is not. */
static bool all_fixed(struct store *store, int64_t run, const struct report_entry *entry,
		      struct history *least)
{
	*least = (struct history){ 0 };
	for (size_t i = 0; i < entry->count; i++) {
		struct store_sighting *runs;
		size_t count;
		if (store_sightings(store, entry->members[i]->id, &runs, &count))
			return false;
		struct history history = history_of(runs, count, run, 0);
		store_sightings_free(runs, count);
		if (history.fate != FATE_FIXED)
			return false;
		if (!i || history.last > least->last)
			*least = history;
	}
	return entry->count > 0;
}

static int by_last_seen(const void *left, const void *right)
{
	const struct report_fixed *a = left, *b = right;
	return a->last_seen > b->last_seen ? -1 : a->last_seen < b->last_seen;
}

static struct report_fixed fixed_entry(const struct report_entry *entry,
				       const struct history *history)
{
	struct buf why = { 0 };
	history_add(&why, history);
	struct report_fixed fixed = { .id = xstrdup(entry->witness->id),
				      .title = xstrdup(entry->title),
				      .kind = entry->witness->kind,
				      .findings = entry->count,
				      .why = buf_take(&why) };
	for (size_t i = 0; i < entry->count; i++)
		if (entry->members[i]->last_seen > fixed.last_seen)
			fixed.last_seen = entry->members[i]->last_seen;
	return fixed;
}

struct report_fixed *fixed_of(struct store *store, int64_t run, size_t *count)
{
	struct gone gone = { 0 };
	struct report_fixed *fixed = NULL;
	size_t capacity = 0;
	*count = 0;
	if (!get_gone(store, run, &gone)) {
		const struct run_info info = { 0 };
		const struct report_input input = {
			.run = &info,
			.findings = (const struct finding *const *)gone.list,
			.count = gone.count
		};
		struct entries *entries = entries_new(&input);
		struct history history;
		for (size_t i = 0; i < entries->count; i++)
			if (all_fixed(store, run, &entries->items[i], &history))
				ARRAY_PUSH(fixed, *count, capacity,
					   fixed_entry(&entries->items[i], &history));
		entries_free(entries);
	}
	if (*count)
		qsort(fixed, *count, sizeof *fixed, by_last_seen);
	gone_clear(&gone);
	return fixed;
}

void fixed_free(struct report_fixed *fixed, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		free(fixed[i].id);
		free(fixed[i].title);
		free(fixed[i].why);
	}
	free(fixed);
}
