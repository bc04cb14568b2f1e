/* store.c - see store.h. */
#include "runner/store/store.h"

#include <errno.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "runner/base/map.h"
#include "runner/base/meanwhile.h"
#include "runner/store/store_json.h"
#include "runner/base/util.h"

enum {
	SCHEMA = 1,               /* user_version */
	APPLICATION = 0x66747374, /* "ftst", application_id */
	BUSY_EVERY_MS = 5,        /* between two tries */
};

#define BUSY_SECONDS 20.0 /* another ftstress may be in its own transaction */

struct store {
	sqlite3 *db;
	char *path;
	double busy_since; /* now_seconds() */
	struct map bodies; /* hash of finding id -> hash of the JSON that is stored */
};

static const char schema[] =
	"CREATE TABLE runs("
	" id INTEGER PRIMARY KEY AUTOINCREMENT, parent INTEGER NOT NULL,"
	" state TEXT NOT NULL, seed TEXT NOT NULL, first_slice INTEGER NOT NULL,"
	" iterations_planned INTEGER NOT NULL, iterations_done INTEGER NOT NULL,"
	" started INTEGER NOT NULL, ended INTEGER NOT NULL, options TEXT, info TEXT);"
	"CREATE TABLE findings("
	" id TEXT PRIMARY KEY, kind TEXT NOT NULL, title TEXT NOT NULL, status TEXT NOT NULL,"
	" first_seen INTEGER NOT NULL, last_seen INTEGER NOT NULL, count INTEGER NOT NULL,"
	" body TEXT NOT NULL) WITHOUT ROWID;"
	"CREATE TABLE occurrences("
	" finding TEXT NOT NULL REFERENCES findings(id), run INTEGER NOT NULL REFERENCES runs(id),"
	" token TEXT NOT NULL, test TEXT NOT NULL, seen INTEGER NOT NULL, count INTEGER NOT NULL,"
	" PRIMARY KEY(finding, run, token, test)) WITHOUT ROWID;"
	"CREATE INDEX occurrences_run ON occurrences(run, finding);"
	"CREATE TABLE deck(id INTEGER PRIMARY KEY CHECK(id = 0), next_slice INTEGER NOT NULL);"
	"INSERT INTO deck VALUES(0, 0);"
	"CREATE TABLE leftovers(position INTEGER PRIMARY KEY, test TEXT NOT NULL UNIQUE);";

/* Tables that an older store of this schema may lack; an older ftstress does not look at them. */
static const char additions[] = "CREATE TABLE IF NOT EXISTS failures("
				" test TEXT PRIMARY KEY, why TEXT NOT NULL) WITHOUT ROWID;";

/* The run ?1 and those it resumes. */
#define LINEAGE                                                                                    \
	"WITH RECURSIVE lineage(id) AS (SELECT ?1 UNION SELECT runs.parent FROM runs"              \
	" JOIN lineage ON runs.id = lineage.id WHERE runs.parent > 0) "

static const char *const state_names[] = { "running", "finished", "interrupted" };

/* ---- SQLite ---- */

static int failed(const struct store *store)
{
	int code = sqlite3_errcode(store->db), system = sqlite3_system_errno(store->db);
	const char *why = sqlite3_errmsg(store->db);
	bool full = code == SQLITE_FULL || (code == SQLITE_IOERR && system == ENOSPC);
	if (full)
		why = "the disk is full";
	else if (code == SQLITE_IOERR && system)
		why = strerror(system);
	return fail(EXIT_INTERNAL,
		    "can't write to the store %s: %s; what was stored before is intact",
		    store->path, why);
}

/* A prepared statement with its arguments: d = int64, s = text (NULL allowed), in order. */
static sqlite3_stmt *prepare(struct store *store, const char *sql, const char *types, ...)
{
	sqlite3_stmt *statement = NULL;
	va_list args;
	if (sqlite3_prepare_v2(store->db, sql, -1, &statement, NULL) != SQLITE_OK)
		return NULL;
	va_start(args, types);
	for (int i = 0; types[i]; i++) {
		if (types[i] == 'd')
			sqlite3_bind_int64(statement, i + 1, va_arg(args, int64_t));
		else
			sqlite3_bind_text(statement, i + 1, va_arg(args, const char *), -1,
					  SQLITE_TRANSIENT);
	}
	va_end(args);
	return statement;
}

/* Runs a statement that gives no rows; true if it went well. */
static bool finish(sqlite3_stmt *statement)
{
	if (!statement)
		return false;
	int code = sqlite3_step(statement);
	return sqlite3_finalize(statement) == SQLITE_OK && code == SQLITE_DONE;
}

static bool execute(struct store *store, const char *sql)
{
	return sqlite3_exec(store->db, sql, NULL, NULL, NULL) == SQLITE_OK;
}

#define RUN(store, ...) finish(prepare(store, __VA_ARGS__))

static char *column_text(sqlite3_stmt *statement, int column)
{
	return xstrdup((const char *)sqlite3_column_text(statement, column));
}

/* The only number of a query; `none` if it has no row. */
static int64_t number(struct store *store, const char *sql, int64_t none)
{
	sqlite3_stmt *statement = prepare(store, sql, "");
	if (statement && sqlite3_step(statement) == SQLITE_ROW)
		none = sqlite3_column_int64(statement, 0);
	sqlite3_finalize(statement);
	return none;
}

static bool begin(struct store *store)
{
	return execute(store, "BEGIN IMMEDIATE");
}

/* Ends the transaction; the message is made before the rollback takes the reason away. */
static int end(struct store *store, bool good)
{
	if (good && execute(store, "COMMIT"))
		return 0;
	int code = failed(store);
	if (!sqlite3_get_autocommit(store->db))
		execute(store, "ROLLBACK");
	map_clear(&store->bodies);
	return code;
}

/* ---- opening ---- */

static int open_failed(const struct store *store)
{
	int code = sqlite3_errcode(store->db), system = sqlite3_system_errno(store->db);
	switch (code) {
	case SQLITE_NOTADB:
		return fail(EXIT_BAD_INPUT,
			    "%s is not an ftstress store (not an SQLite file); move it away or "
			    "choose another --output",
			    store->path);
	case SQLITE_CANTOPEN:
		return fail(EXIT_BAD_INPUT, "can't open the store %s: %s", store->path,
			    system ? strerror(system) : "its folder is not there");
	case SQLITE_READONLY:
	case SQLITE_PERM:
		return fail(EXIT_BAD_INPUT, "can't write to the store %s: no permission",
			    store->path);
	case SQLITE_BUSY:
		return fail(EXIT_BAD_INPUT, "the store %s is in use by another program",
			    store->path);
	case SQLITE_CORRUPT:
		return fail(EXIT_BAD_INPUT, "the store %s is damaged; move it away", store->path);
	default:
		return failed(store);
	}
}

/* Makes the tables of a new file, or sees that those of an old one are ours. */
static int check_schema(struct store *store)
{
	if (!begin(store))
		return open_failed(store);
	int64_t version = number(store, "PRAGMA user_version", -1);
	int64_t application = number(store, "PRAGMA application_id", -1);
	int64_t tables = number(store, "SELECT count(*) FROM sqlite_master", -1);
	int code = 0;

	if (version < 0 || application < 0 || tables < 0)
		code = open_failed(store);
	else if (tables == 0 && version == 0) {
		char *sql = xprintf("%s%sPRAGMA user_version=%d;PRAGMA application_id=%d;", schema,
				    additions, SCHEMA, APPLICATION);
		bool good = execute(store, sql);
		free(sql);
		return end(store, good);
	} else if (application != APPLICATION)
		code = fail(EXIT_BAD_INPUT, "%s is an SQLite file, but not a store of ftstress",
			    store->path);
	else if (version > SCHEMA)
		code = fail(EXIT_BAD_INPUT,
			    "%s was written by a newer ftstress (schema %lld, this one knows %d)",
			    store->path, (long long)version, SCHEMA);
	else
		return end(store, execute(store, additions));
	execute(store, "ROLLBACK");
	return code;
}

/* Another program has the file. sqlite3_busy_timeout() would wait with nothing looked at. */
static int on_busy(void *context, int count)
{
	struct store *store = context;
	struct timespec wait = { 0, BUSY_EVERY_MS * 1000000 };
	if (count == 0)
		store->busy_since = now_seconds();
	if (now_seconds() - store->busy_since > BUSY_SECONDS)
		return 0;
	nanosleep(&wait, NULL);
	meanwhile();
	return 1;
}

int store_open(const char *path, struct store **out)
{
	struct store *store = xcalloc(1, sizeof *store);
	store->path = xstrdup(path);
	int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;
	int code = 0;

	if (sqlite3_open_v2(path, &store->db, flags, NULL) != SQLITE_OK) {
		code = open_failed(store);
	} else {
		sqlite3_extended_result_codes(store->db, 0);
		sqlite3_busy_handler(store->db, on_busy, store);
		if (!execute(store, "PRAGMA journal_mode=WAL;PRAGMA synchronous=NORMAL;"
				    "PRAGMA foreign_keys=ON;"))
			code = open_failed(store);
		else
			code = check_schema(store);
	}
	if (code) {
		store_close(store);
		store = NULL;
	}
	*out = store;
	return code;
}

void store_close(struct store *store)
{
	if (!store)
		return;
	sqlite3_close(store->db);
	map_free(&store->bodies);
	free(store->path);
	free(store);
}

/* ---- runs ---- */

int store_run_begin(struct store *store, const struct store_run *run, int64_t *id)
{
	char seed[17];
	snprintf(seed, sizeof seed, "%016llx", (unsigned long long)run->seed);
	bool good = begin(store) &&
		    RUN(store,
			"INSERT INTO runs(parent, state, seed, first_slice, iterations_planned,"
			" iterations_done, started, ended, options)"
			" VALUES(?, 'running', ?, ?, ?, ?, ?, 0, ?)",
			"dsdddds", run->parent, seed, (int64_t)run->first_slice,
			(int64_t)run->iterations_planned, (int64_t)run->iterations_done,
			run->started, run->options);
	*id = good ? sqlite3_last_insert_rowid(store->db) : 0;
	return end(store, good);
}

int store_run_end(struct store *store, int64_t run, enum store_state state,
		  const struct run_info *info)
{
	char *text = info ? run_info_to_json(info) : NULL;
	bool good = begin(store) &&
		    RUN(store,
			"UPDATE runs SET state = ?2, info = ?3, ended = unixepoch() WHERE id = ?1",
			"dss", run, state_names[state], text);
	free(text);
	return end(store, good);
}

int store_run_reopen(struct store *store, int64_t run)
{
	bool good =
		begin(store) &&
		RUN(store, "UPDATE runs SET state = 'running', ended = 0 WHERE id = ?", "d", run);
	return end(store, good);
}

static enum store_state state_parse(const char *name)
{
	for (size_t i = 0; name && i < sizeof state_names / sizeof *state_names; i++) {
		if (!strcmp(name, state_names[i]))
			return (enum store_state)i;
	}
	return RUN_INTERRUPTED;
}

int store_run_get(struct store *store, int64_t run, struct store_run *out, bool *found)
{
	sqlite3_stmt *row = prepare(
		store,
		"SELECT id, parent, state, seed, first_slice, iterations_planned, iterations_done,"
		" started, ended, options FROM runs WHERE ?1 <= 0 OR id = ?1"
		" ORDER BY id DESC LIMIT 1",
		"d", run);
	int code = row ? sqlite3_step(row) : SQLITE_ERROR;
	*out = (struct store_run){ 0 };
	*found = code == SQLITE_ROW;
	if (*found) {
		const char *seed = (const char *)sqlite3_column_text(row, 3);
		*out = (struct store_run){
			.id = sqlite3_column_int64(row, 0),
			.parent = sqlite3_column_int64(row, 1),
			.state = state_parse((const char *)sqlite3_column_text(row, 2)),
			.seed = seed ? strtoull(seed, NULL, 16) : 0,
			.first_slice = (uint64_t)sqlite3_column_int64(row, 4),
			.iterations_planned = (uint64_t)sqlite3_column_int64(row, 5),
			.iterations_done = (uint64_t)sqlite3_column_int64(row, 6),
			.started = sqlite3_column_int64(row, 7),
			.ended = sqlite3_column_int64(row, 8),
			.options = column_text(row, 9),
		};
	}
	sqlite3_finalize(row);
	return code == SQLITE_ROW || code == SQLITE_DONE ? 0 : failed(store);
}

void store_run_clear(struct store_run *run)
{
	free(run->options);
	*run = (struct store_run){ 0 };
}

int store_run_info(struct store *store, int64_t run, struct run_info *out, bool *found)
{
	sqlite3_stmt *row = prepare(store, "SELECT info FROM runs WHERE id = ?", "d", run);
	int code = row ? sqlite3_step(row) : SQLITE_ERROR;
	const char *text = code == SQLITE_ROW ? (const char *)sqlite3_column_text(row, 0) : NULL;
	*out = (struct run_info){ 0 };
	*found = text && run_info_from_json(text, out);
	sqlite3_finalize(row);
	return code == SQLITE_ROW || code == SQLITE_DONE ? 0 : failed(store);
}

/* ---- iterations ---- */

/* The finding's row; its body is written again only when it changed. */
static bool put_finding(struct store *store, const struct finding *f)
{
	char *body = finding_to_json(f);
	uint64_t key = hash_string(0, f->id), content = hash_string(0, body) >> 1;
	bool good;
	if (map_get(&store->bodies, key) == content) {
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
	return RUN(store,
		   "INSERT INTO occurrences(finding, run, token, test, seen, count)"
		   " VALUES(?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE"
		   " SET count = count + excluded.count, seen = excluded.seen",
		   "sdssdd", one->finding->id, run, one->token ? one->token : "",
		   one->test ? one->test : "", one->seen, (int64_t)one->count) &&
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

int store_iteration(struct store *store, const struct store_iteration *iteration)
{
	bool good =
		begin(store) && put_occurrences(store, iteration) &&
		put_leftovers(store, iteration) &&
		RUN(store, "UPDATE deck SET next_slice = ?", "d", (int64_t)iteration->next_slice) &&
		RUN(store, "UPDATE runs SET iterations_done = ?2 WHERE id = ?1", "dd",
		    iteration->run, (int64_t)iteration->iterations_done);
	return end(store, good);
}

int store_occurrences(struct store *store, const struct store_iteration *iteration)
{
	return end(store, begin(store) && put_occurrences(store, iteration));
}

int store_finding(struct store *store, const struct finding *finding)
{
	bool good = begin(store) && put_finding(store, finding);
	return end(store, good);
}

int store_deck(struct store *store, uint64_t *next_slice)
{
	int64_t value = number(store, "SELECT next_slice FROM deck", -1);
	*next_slice = value < 0 ? 0 : (uint64_t)value;
	return value < 0 ? failed(store) : 0;
}

int store_leftovers(struct store *store, char ***tests, size_t *count)
{
	sqlite3_stmt *row = prepare(store, "SELECT test FROM leftovers ORDER BY position", "");
	size_t capacity = 0;
	int code = SQLITE_ERROR;
	*tests = NULL;
	*count = 0;
	while (row && (code = sqlite3_step(row)) == SQLITE_ROW)
		ARRAY_PUSH(*tests, *count, capacity, column_text(row, 0));
	sqlite3_finalize(row);
	return code == SQLITE_DONE ? 0 : failed(store);
}

/* ---- tests that fail alone ---- */

int store_failures(struct store *store, struct store_failure **failures, size_t *count)
{
	sqlite3_stmt *row = prepare(store, "SELECT test, why FROM failures", "");
	size_t capacity = 0;
	int code = SQLITE_ERROR;
	*failures = NULL;
	*count = 0;
	while (row && (code = sqlite3_step(row)) == SQLITE_ROW)
		ARRAY_PUSH(*failures, *count, capacity,
			   ((struct store_failure){ column_text(row, 0), column_text(row, 1) }));
	sqlite3_finalize(row);
	return code == SQLITE_DONE ? 0 : failed(store);
}

int store_failures_put(struct store *store, const struct store_failure *failures, size_t count)
{
	bool good = begin(store);
	for (size_t i = 0; i < count && good; i++)
		good = failures[i].why ? RUN(store, "INSERT OR REPLACE INTO failures VALUES(?, ?)",
					     "ss", failures[i].test, failures[i].why)
				       : RUN(store, "DELETE FROM failures WHERE test = ?", "s",
					     failures[i].test);
	return end(store, good);
}

/* ---- findings ---- */

int store_history(struct store *store, int64_t run, const char *finding, struct store_history *out)
{
	sqlite3_stmt *row =
		prepare(store,
			LINEAGE "SELECT"
				" coalesce(sum(o.count), 0),"
				" coalesce(sum(CASE WHEN l.id IS NOT NULL THEN o.count END), 0),"
				" coalesce(max(l.id IS NULL AND o.run < ?1), 0),"
				" min(o.seen), max(o.seen)"
				" FROM occurrences o LEFT JOIN lineage l ON l.id = o.run"
				" WHERE o.finding = ?2",
			"ds", run, finding);
	int code = row ? sqlite3_step(row) : SQLITE_ERROR;
	*out = (struct store_history){ 0 };
	if (code == SQLITE_ROW) {
		out->count = (uint64_t)sqlite3_column_int64(row, 0);
		out->run_count = (uint64_t)sqlite3_column_int64(row, 1);
		out->known = sqlite3_column_int64(row, 2) != 0;
		out->first_seen = sqlite3_column_int64(row, 3);
		out->last_seen = sqlite3_column_int64(row, 4);
	}
	sqlite3_finalize(row);
	if (code != SQLITE_ROW)
		return failed(store);
	/* a first time that is older than the oldest occurrence kept; missing numbers are 0 */
	row = prepare(store,
		      "SELECT first_seen, json_extract(body, '$.as_written_runs'),"
		      " json_extract(body, '$.as_written_seen'), json_extract(body, '$.evidence')"
		      " FROM findings WHERE id = ?",
		      "s", finding);
	code = row ? sqlite3_step(row) : SQLITE_ERROR;
	if (code == SQLITE_ROW) {
		if (sqlite3_column_int64(row, 0) > 0)
			out->first_seen = sqlite3_column_int64(row, 0);
		out->as_written_runs = (unsigned)sqlite3_column_int(row, 1);
		out->as_written_seen = (unsigned)sqlite3_column_int(row, 2);
		out->evidence = xstrdup((const char *)sqlite3_column_text(row, 3));
	}
	sqlite3_finalize(row);
	/* No row: a finding that is new. */
	return code == SQLITE_ROW || code == SQLITE_DONE ? 0 : failed(store);
}

/* The distinct texts of one column of the finding's occurrences in the lineage, oldest first. */
static int finding_texts(struct store *store, int64_t run, const char *finding, const char *column,
			 int64_t max, char ***texts, size_t *count)
{
	char *sql = xprintf(LINEAGE "SELECT %s FROM occurrences WHERE finding = ?2 AND run IN"
				    " (SELECT id FROM lineage) AND %s != '' GROUP BY %s"
				    " ORDER BY min(seen), %s LIMIT ?3",
			    column, column, column, column);
	sqlite3_stmt *row = prepare(store, sql, "dsd", run, finding, max);
	size_t capacity = 0;
	int code = SQLITE_ERROR;
	*texts = NULL;
	*count = 0;
	while (row && (code = sqlite3_step(row)) == SQLITE_ROW)
		ARRAY_PUSH(*texts, *count, capacity, column_text(row, 0));
	sqlite3_finalize(row);
	free(sql);
	return code == SQLITE_DONE ? 0 : failed(store);
}

static enum finding_status status_parse(const char *name)
{
	for (int i = 0; name && i < STATUS_COUNT; i++) {
		if (!strcmp(name, finding_status_name((enum finding_status)i)))
			return (enum finding_status)i;
	}
	return STATUS_NEW;
}

/* The finding of a row (id, kind, title, status, body). */
static int finding_load(struct store *store, int64_t run, sqlite3_stmt *row, struct finding *f)
{
	struct store_history history;
	const char *kind = (const char *)sqlite3_column_text(row, 1);
	const char *body = (const char *)sqlite3_column_text(row, 4);
	int number_of_kind = kind ? finding_kind_parse(kind) : -1;
	*f = (struct finding){ .id = column_text(row, 0), .title = column_text(row, 2) };
	if (number_of_kind < 0 || !body || !finding_from_json(body, f))
		return fail(EXIT_INTERNAL, "the store %s is damaged: finding %s can't be read",
			    store->path, f->id);
	f->kind = (enum finding_kind)number_of_kind;
	f->status = status_parse((const char *)sqlite3_column_text(row, 3));
	int code = store_history(store, run, f->id, &history);
	if (code)
		return code;
	if (f->status == STATUS_NEW || f->status == STATUS_KNOWN)
		f->status = history.known ? STATUS_KNOWN : STATUS_NEW;
	f->count = history.count;
	f->run_count = history.run_count;
	f->first_seen = history.first_seen;
	f->last_seen = history.last_seen;
	code = finding_texts(store, run, f->id, "token", FINDING_REPLAYS, &f->replays,
			     &f->replay_count);
	return code ? code
		    : finding_texts(store, run, f->id, "test", FINDING_TESTS, &f->tests,
				    &f->test_count);
}

int store_findings(struct store *store, int64_t run, struct finding **findings, size_t *count)
{
	sqlite3_stmt *row =
		prepare(store,
			LINEAGE "SELECT id, kind, title, status, body FROM findings WHERE id IN"
				" (SELECT finding FROM occurrences WHERE run IN (SELECT id FROM"
				" lineage)) ORDER BY id",
			"d", run);
	size_t capacity = 0;
	int step = SQLITE_ERROR, code = 0;
	*findings = NULL;
	*count = 0;
	while (row && !code && (step = sqlite3_step(row)) == SQLITE_ROW) {
		struct finding finding;
		code = finding_load(store, run, row, &finding);
		ARRAY_PUSH(*findings, *count, capacity, finding);
	}
	sqlite3_finalize(row);
	if (!code && step != SQLITE_DONE)
		code = failed(store);
	for (size_t i = 0; code && i < *count; i++)
		finding_clear(&(*findings)[i]);
	if (code) {
		free(*findings);
		*findings = NULL;
		*count = 0;
	}
	return code;
}
