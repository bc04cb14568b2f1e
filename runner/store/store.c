/* store.c - see store.h. Runs, what their iterations brought, and tests that fail alone. */
#include "runner/store/store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runner/base/map.h"
#include "runner/base/meanwhile.h"
#include "runner/base/util.h"
#include "runner/store/sql.h"
#include "runner/store/kept.h"
#include "runner/store/schema.h"
#include "runner/store/store_json.h"

static const char *const state_names[] = { "running", "finished", "interrupted" };

/* ---- runs ---- */

int store_run_begin(struct store *store, const struct store_run *run, int64_t *id)
{
	char seed[17];
	snprintf(seed, sizeof seed, "%016llx", (unsigned long long)run->seed);
	bool good = sql_begin(store) &&
		    RUN(store,
			"INSERT INTO runs(parent, state, seed, first_slice, iterations_planned,"
			" iterations_done, started, ended, options)"
			" VALUES(?, 'running', ?, ?, ?, ?, ?, 0, ?)",
			"dsdddds", run->parent, seed, (int64_t)run->first_slice,
			(int64_t)run->iterations_planned, (int64_t)run->iterations_done,
			run->started, run->options);
	*id = good ? sqlite3_last_insert_rowid(store->db) : 0;
	return sql_end(store, good);
}

int store_run_end(struct store *store, int64_t run, enum store_state state,
		  const struct run_info *info)
{
	char *text = info ? run_info_to_json(info) : NULL;
	bool good = sql_begin(store) &&
		    RUN(store,
			"UPDATE runs SET state = ?2, info = ?3, ended = unixepoch() WHERE id = ?1",
			"dss", run, state_names[state], text);
	free(text);
	return sql_end(store, good);
}

int store_run_reopen(struct store *store, int64_t run)
{
	bool good =
		sql_begin(store) &&
		RUN(store, "UPDATE runs SET state = 'running', ended = 0 WHERE id = ?", "d", run);
	return sql_end(store, good);
}

enum store_state store_state_parse(const char *name)
{
	for (size_t i = 0; name && i < sizeof state_names / sizeof *state_names; i++) {
		if (!strcmp(name, state_names[i]))
			return (enum store_state)i;
	}
	return RUN_INTERRUPTED;
}

static const char run_columns[] =
	"SELECT id, parent, state, seed, first_slice, iterations_planned, iterations_done,"
	" started, ended, options FROM runs WHERE id = ?1 OR (?1 <= 0 AND id NOT IN"
	" (SELECT run FROM tries)) ORDER BY id DESC LIMIT 1";

/* Of a row of the columns above. */
static struct store_run run_of(sqlite3_stmt *row)
{
	const char *seed = (const char *)sqlite3_column_text(row, 3);
	return (struct store_run){
		.id = sqlite3_column_int64(row, 0),
		.parent = sqlite3_column_int64(row, 1),
		.state = store_state_parse((const char *)sqlite3_column_text(row, 2)),
		.seed = seed ? strtoull(seed, NULL, 16) : 0,
		.first_slice = (uint64_t)sqlite3_column_int64(row, 4),
		.iterations_planned = (uint64_t)sqlite3_column_int64(row, 5),
		.iterations_done = (uint64_t)sqlite3_column_int64(row, 6),
		.started = sqlite3_column_int64(row, 7),
		.ended = sqlite3_column_int64(row, 8),
		.options = sql_text(row, 9),
	};
}

int store_run_get(struct store *store, int64_t run, struct store_run *out, bool *found)
{
	sqlite3_stmt *row = sql_prepare(store, run_columns, "d", run);
	int code = row ? sqlite3_step(row) : SQLITE_ERROR;
	*out = (struct store_run){ 0 };
	*found = code == SQLITE_ROW;
	if (*found)
		*out = run_of(row);
	sqlite3_finalize(row);
	return code == SQLITE_ROW || code == SQLITE_DONE ? 0 : sql_failed(store);
}

/* `seen`: the table of what iterations have found. */
static bool read_runs(struct store *store, const char *seen, struct store_found **runs,
		      size_t *count)
{
	char *sql = xprintf(
		"SELECT id, parent, state, seed, first_slice, iterations_planned, iterations_done,"
		" started, ended, options,"
		" (SELECT count(DISTINCT finding) FROM %s WHERE run = r.id),"
		" (SELECT count(*) FROM (SELECT min(run) AS first FROM %s GROUP BY finding)"
		"  WHERE first = r.id) FROM runs r ORDER BY id",
		seen, seen);
	sqlite3_stmt *row = sql_prepare(store, sql, "");
	size_t capacity = 0;
	int step = SQLITE_ERROR;
	free(sql);
	*runs = NULL;
	*count = 0;
	while (row && (step = sqlite3_step(row)) == SQLITE_ROW) {
		const struct store_found one = {
			.run = run_of(row),
			.findings = (uint64_t)sqlite3_column_int64(row, 10),
			.fresh = (uint64_t)sqlite3_column_int64(row, 11),
		};
		ARRAY_PUSH(*runs, *count, capacity, one);
	}
	sqlite3_finalize(row);
	if (step == SQLITE_DONE)
		return true;
	for (size_t i = 0; i < *count; i++)
		store_run_clear(&(*runs)[i].run);
	free(*runs);
	*runs = NULL;
	*count = 0;
	return false;
}

int store_runs(struct store *store, struct store_found **runs, size_t *count)
{
	return read_runs(store, "seen", runs, count) ? 0 : sql_failed(store);
}

bool store_peek(const char *path, struct store_found **runs, size_t *count)
{
	struct store store = { 0 };
	bool good = sqlite3_open_v2(path, &store.db, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX,
				    NULL) == SQLITE_OK;
	int64_t schema = good ? schema_of(&store) : 0;
	*runs = NULL;
	*count = 0;
	good = schema && read_runs(&store, schema == 1 ? "occurrences" : "seen", runs, count);
	sqlite3_close(store.db);
	return good;
}

void store_run_clear(struct store_run *run)
{
	free(run->options);
	*run = (struct store_run){ 0 };
}

int store_run_info(struct store *store, int64_t run, struct run_info *out, bool *found)
{
	sqlite3_stmt *row = sql_prepare(store, "SELECT info FROM runs WHERE id = ?", "d", run);
	int code = row ? sqlite3_step(row) : SQLITE_ERROR;
	const char *text = code == SQLITE_ROW ? (const char *)sqlite3_column_text(row, 0) : NULL;
	*out = (struct run_info){ 0 };
	*found = text && run_info_from_json(text, out);
	sqlite3_finalize(row);
	return code == SQLITE_ROW || code == SQLITE_DONE ? 0 : sql_failed(store);
}

/* ---- iterations ---- */

/* The finding's row; its body is written again only when it changed. */
static bool put_finding(struct store *store, const struct finding *f)
{
	char *body = finding_to_json(f, store->kept);
	uint64_t key = hash_string(0, f->id), content = hash_string(0, body) >> 1;
	bool good = !kept_failed(store->kept);
	if (!good) {
		/* its stacks are not there */
	} else if (map_get(&store->bodies, key) == content) {
		good = RUN(store, "UPDATE findings SET status = ?2 WHERE id = ?1 AND status != ?2",
			   "ss", f->id, finding_status_name(f->status));
	} else {
		good = RUN(store,
			   "INSERT INTO findings(id, kind, title, status, first_seen, last_seen,"
			   " count, body) VALUES(?1, ?2, ?3, ?4, ?5, ?5, 0, ?6)"
			   " ON CONFLICT(id) DO UPDATE SET title = ?3, status = ?4, body = ?6",
			   "ssssds", f->id, finding_kind_name(f->kind), f->title ? f->title : "",
			   finding_status_name(f->status), f->first_seen, body);
		map_set(&store->bodies, key, content);
	}
	free(body);
	return good;
}

static bool put_occurrence(struct store *store, int64_t run, const struct occurrence *one)
{
	const char *token = one->token ? one->token : "", *test = one->test ? one->test : "";
	return RUN(store, "INSERT OR IGNORE INTO tokens(name) VALUES(?)", "s", token) &&
	       RUN(store, "INSERT OR IGNORE INTO tests(name) VALUES(?)", "s", test) &&
	       RUN(store,
		   "INSERT INTO seen(finding, run, token, test, seen, count)"
		   " SELECT f.number, ?2, k.id, t.id, ?5, ?6 FROM findings f, tokens k, tests t"
		   " WHERE f.id = ?1 AND k.name = ?3 AND t.name = ?4 ON CONFLICT DO UPDATE"
		   " SET count = count + excluded.count, seen = excluded.seen",
		   "sdssdd", one->finding->id, run, token, test, one->seen, (int64_t)one->count) &&
	       RUN(store,
		   "UPDATE findings SET count = count + ?2, last_seen = max(last_seen, ?3)"
		   " WHERE id = ?1",
		   "sdd", one->finding->id, (int64_t)one->count, one->seen);
}

static bool put_occurrences(struct store *store, const struct store_iteration *iteration)
{
	struct map seen = { 0 }; /* one finding comes several times, once a test */
	bool good = true;
	for (size_t i = 0; i < iteration->occurrence_count && good; i++) {
		const struct occurrence *one = &iteration->occurrences[i];
		uint64_t key = (uint64_t)(uintptr_t)one->finding;
		if (map_get(&seen, key) == MAP_NONE)
			good = put_finding(store, one->finding);
		meanwhile();
		map_set(&seen, key, 0);
		good = good && put_occurrence(store, iteration->run, one);
	}
	map_free(&seen);
	return good;
}

static bool put_leftovers(struct store *store, const struct store_iteration *iteration)
{
	bool good = true;
	for (size_t i = 0; i < iteration->ran_count && good; i++)
		good = RUN(store, "DELETE FROM leftovers WHERE test = ?", "s", iteration->ran[i]);
	for (size_t i = 0; i < iteration->leftover_count && good; i++)
		good = RUN(store, "INSERT OR IGNORE INTO leftovers(test) VALUES(?)", "s",
			   iteration->leftovers[i]);
	return good;
}

static bool put_turns(struct store *store, const struct store_iteration *iteration)
{
	bool good = true;
	for (size_t i = 0; i < iteration->turn_count && good; i++)
		good = RUN(store, "INSERT OR IGNORE INTO tests(name) VALUES(?)", "s",
			   iteration->turns[i]) &&
		       RUN(store,
			   "INSERT INTO turns(run, test, count) SELECT ?1, id, 1 FROM tests"
			   " WHERE name = ?2 ON CONFLICT DO UPDATE SET count = count + 1",
			   "ds", iteration->run, iteration->turns[i]);
	return good;
}

int store_iteration(struct store *store, const struct store_iteration *iteration)
{
	bool good =
		sql_begin(store) && put_occurrences(store, iteration) &&
		put_leftovers(store, iteration) && put_turns(store, iteration) &&
		RUN(store, "UPDATE deck SET next_slice = ?", "d", (int64_t)iteration->next_slice) &&
		RUN(store, "UPDATE runs SET iterations_done = ?2 WHERE id = ?1", "dd",
		    iteration->run, (int64_t)iteration->iterations_done);
	return sql_end(store, good);
}

int store_occurrences(struct store *store, const struct store_iteration *iteration)
{
	return sql_end(store, sql_begin(store) && put_occurrences(store, iteration));
}

int store_finding(struct store *store, const struct finding *finding)
{
	bool good = sql_begin(store) && put_finding(store, finding);
	return sql_end(store, good);
}

int store_deck(struct store *store, uint64_t *next_slice)
{
	int64_t value = sql_number(store, "SELECT next_slice FROM deck", -1);
	*next_slice = value < 0 ? 0 : (uint64_t)value;
	return value < 0 ? sql_failed(store) : 0;
}

int store_pairs_deck(struct store *store, uint64_t *next_slice)
{
	int64_t value = sql_number(store, "SELECT next_slice FROM pairs_deck", -1);
	*next_slice = value < 0 ? 0 : (uint64_t)value;
	return value < 0 ? sql_failed(store) : 0;
}

int store_pairs_deck_put(struct store *store, uint64_t next_slice)
{
	bool good = sql_begin(store) &&
		    RUN(store, "UPDATE pairs_deck SET next_slice = ?", "d", (int64_t)next_slice);
	return sql_end(store, good);
}

int store_leftovers(struct store *store, char ***tests, size_t *count)
{
	sqlite3_stmt *row = sql_prepare(store, "SELECT test FROM leftovers ORDER BY position", "");
	size_t capacity = 0;
	int code = SQLITE_ERROR;
	*tests = NULL;
	*count = 0;
	while (row && (code = sqlite3_step(row)) == SQLITE_ROW)
		ARRAY_PUSH(*tests, *count, capacity, sql_text(row, 0));
	sqlite3_finalize(row);
	if (code == SQLITE_DONE)
		return 0;
	strings_free(*tests, *count);
	*tests = NULL;
	*count = 0;
	return sql_failed(store);
}

/* ---- tests that fail alone ---- */

int store_failures(struct store *store, struct store_failure **failures, size_t *count)
{
	sqlite3_stmt *row = sql_prepare(store, "SELECT test, why FROM failures", "");
	size_t capacity = 0;
	int code = SQLITE_ERROR;
	*failures = NULL;
	*count = 0;
	while (row && (code = sqlite3_step(row)) == SQLITE_ROW)
		ARRAY_PUSH(*failures, *count, capacity,
			   ((struct store_failure){ sql_text(row, 0), sql_text(row, 1) }));
	sqlite3_finalize(row);
	if (code == SQLITE_DONE)
		return 0;
	for (size_t i = 0; i < *count; i++) {
		free((*failures)[i].test);
		free((*failures)[i].why);
	}
	free(*failures);
	*failures = NULL;
	*count = 0;
	return sql_failed(store);
}

int store_failures_put(struct store *store, const struct store_failure *failures, size_t count)
{
	bool good = sql_begin(store);
	for (size_t i = 0; i < count && good; i++)
		good = failures[i].why ? RUN(store, "INSERT OR REPLACE INTO failures VALUES(?, ?)",
					     "ss", failures[i].test, failures[i].why)
				       : RUN(store, "DELETE FROM failures WHERE test = ?", "s",
					     failures[i].test);
	return sql_end(store, good);
}
