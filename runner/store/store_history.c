/* store_history.c - see store.h. What each run did for a finding. */
#include "runner/store/store.h"

#include <stdlib.h>
#include <string.h>

#include "runner/base/util.h"
#include "runner/store/sql.h"
#include "runner/store/store_json.h"

static const char query[] =
	"WITH shown(id) AS (SELECT id FROM tests WHERE name IN"
	"  (SELECT test FROM occurrences WHERE finding = ?1 AND test != '')),"
	" had(run, turns) AS (SELECT run, sum(count) FROM turns WHERE test IN shown GROUP BY run),"
	" saw(run, seen) AS (SELECT run, count(*) FROM occurrences WHERE finding = ?1 GROUP BY run)"
	" SELECT r.id, r.started, r.state, r.iterations_done, coalesce(had.turns, 0),"
	" max(coalesce(saw.seen, 0), coalesce(t.seen, 0)), coalesce(t.tries, 0),"
	" coalesce(t.needed, 0) FROM runs r LEFT JOIN had ON had.run = r.id"
	" LEFT JOIN saw ON saw.run = r.id LEFT JOIN tries t ON t.run = r.id AND t.finding = ?1"
	" ORDER BY r.id";

/* Those that decide what can be seen at all. How long a run is, and on how many cores, does not. */
static bool decides(const char *setting)
{
	static const char *const names[] = { "threads", "happens-before", "schedule", "locks",
					     "heap",    "python races",   "gil",      "share",
					     "leaks",   "python flavour" };
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (!strcmp(names[i], setting))
			return true;
	return false;
}

static char *read_ways(const char *text)
{
	struct run_info info = { 0 };
	struct buf ways = { 0 };
	if (text && run_info_from_json(text, &info))
		for (size_t i = 0; i < info.setting_count; i++)
			if (decides(info.settings[2 * i]))
				buf_printf(&ways, "%s%s %s", ways.length ? ", " : "",
					   info.settings[2 * i], info.settings[2 * i + 1]);
	run_info_clear(&info);
	return buf_take(&ways);
}

/* The run's, read once; "" if it has none. */
static const char *ways_of(struct store *store, int64_t run)
{
	uint64_t number = map_get(&store->ways_of, (uint64_t)run);
	if (number != MAP_NONE)
		return store->ways[number];
	sqlite3_stmt *row = sql_prepare(store, "SELECT info FROM runs WHERE id = ?", "d", run);
	const char *text = row && sqlite3_step(row) == SQLITE_ROW
				   ? (const char *)sqlite3_column_text(row, 0)
				   : NULL;
	number = store->way_count;
	ARRAY_PUSH(store->ways, store->way_count, store->way_capacity, read_ways(text));
	map_set(&store->ways_of, (uint64_t)run, number);
	sqlite3_finalize(row);
	return store->ways[number];
}

int store_sightings(struct store *store, const char *finding, struct store_sighting **sightings,
		    size_t *count)
{
	sqlite3_stmt *row = sql_prepare(store, query, "s", finding);
	size_t capacity = 0;
	int step = SQLITE_ERROR;
	*sightings = NULL;
	*count = 0;
	while (row && (step = sqlite3_step(row)) == SQLITE_ROW) {
		const struct store_sighting one = {
			.run = sqlite3_column_int64(row, 0),
			.started = sqlite3_column_int64(row, 1),
			.state = store_state_parse((const char *)sqlite3_column_text(row, 2)),
			.iterations = (uint64_t)sqlite3_column_int64(row, 3),
			.turns = (uint64_t)sqlite3_column_int64(row, 4),
			.seen = (uint64_t)sqlite3_column_int64(row, 5),
			.tries = (uint64_t)sqlite3_column_int64(row, 6),
			.needed = (uint64_t)sqlite3_column_int64(row, 7),
		};
		ARRAY_PUSH(*sightings, *count, capacity, one);
	}
	sqlite3_finalize(row);
	/* Where nothing ran it does not matter how. */
	for (size_t i = 0; i < *count; i++)
		(*sightings)[i].ways =
			xstrdup((*sightings)[i].turns ? ways_of(store, (*sightings)[i].run) : "");
	if (step == SQLITE_DONE)
		return 0;
	int code = sql_failed(store);
	store_sightings_free(*sightings, *count);
	*sightings = NULL;
	*count = 0;
	return code;
}

void store_sightings_free(struct store_sighting *sightings, size_t count)
{
	for (size_t i = 0; i < count; i++)
		free(sightings[i].ways);
	free(sightings);
}

int store_counts_turns(struct store *store, int64_t run, bool *counts)
{
	sqlite3_stmt *row =
		sql_prepare(store, "SELECT EXISTS(SELECT 1 FROM turns WHERE run = ?)", "d", run);
	int step = row ? sqlite3_step(row) : SQLITE_ERROR;
	*counts = step == SQLITE_ROW && sqlite3_column_int(row, 0);
	sqlite3_finalize(row);
	return step == SQLITE_ROW ? 0 : sql_failed(store);
}

int store_turns(struct store *store, int64_t run, struct report_turns **turns, size_t *count)
{
	sqlite3_stmt *row =
		sql_prepare(store,
			    STORE_LINEAGE
			    "SELECT tests.name, sum(turns.count) FROM turns JOIN tests ON tests.id"
			    " = turns.test WHERE ?1 = 0 OR turns.run IN lineage GROUP BY tests.id"
			    " ORDER BY tests.name",
			    "d", run);
	size_t capacity = 0;
	int step = SQLITE_ERROR;
	*turns = NULL;
	*count = 0;
	while (row && (step = sqlite3_step(row)) == SQLITE_ROW)
		ARRAY_PUSH(
			*turns, *count, capacity,
			((struct report_turns){ xstrdup((const char *)sqlite3_column_text(row, 0)),
						(uint64_t)sqlite3_column_int64(row, 1) }));
	sqlite3_finalize(row);
	if (step == SQLITE_DONE)
		return 0;
	int code = sql_failed(store);
	store_turns_free(*turns, *count);
	*turns = NULL;
	*count = 0;
	return code;
}

void store_turns_free(struct report_turns *turns, size_t count)
{
	for (size_t i = 0; i < count; i++)
		free(turns[i].test);
	free(turns);
}
