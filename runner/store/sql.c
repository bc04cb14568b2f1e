/* sql.c - see sql.h, and store.h for store_open and store_close. */
#include "runner/store/sql.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "runner/base/meanwhile.h"
#include "runner/base/util.h"
#include "runner/store/store.h"

enum {
	SCHEMA = 1,               /* user_version */
	APPLICATION = 0x66747374, /* "ftst", application_id */
	BUSY_EVERY_MS = 5,        /* between two tries */
};

#define BUSY_SECONDS 20.0 /* another ftstress may be in its own transaction */

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
static const char additions[] =
	"CREATE TABLE IF NOT EXISTS tests(id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);"
	"CREATE TABLE IF NOT EXISTS turns("
	" run INTEGER NOT NULL REFERENCES runs(id), test INTEGER NOT NULL REFERENCES tests(id),"
	" count INTEGER NOT NULL, PRIMARY KEY(test, run)) WITHOUT ROWID;"
	"CREATE TABLE IF NOT EXISTS failures("
	" test TEXT PRIMARY KEY, why TEXT NOT NULL) WITHOUT ROWID;"
	"CREATE TABLE IF NOT EXISTS pairs_deck("
	" id INTEGER PRIMARY KEY CHECK(id = 0), next_slice INTEGER NOT NULL);"
	"INSERT OR IGNORE INTO pairs_deck VALUES(0, 0);";

int sql_failed(const struct store *store)
{
	int code = sqlite3_errcode(store->db), system = sqlite3_system_errno(store->db);
	const char *why = sqlite3_errmsg(store->db);
	bool full = code == SQLITE_FULL || (code == SQLITE_IOERR && system == ENOSPC);
	if (full)
		why = "the disk is full";
	else if (code == SQLITE_IOERR && system)
		why = strerror(system);
	if (code == SQLITE_CORRUPT || code == SQLITE_NOTADB)
		return fail(EXIT_BAD_INPUT,
			    "the store %s is damaged (%s) and was left as it is; move it away, or "
			    "try `sqlite3 %s .recover`",
			    store->path, why, store->path);
	return fail(EXIT_INTERNAL,
		    "can't write to the store %s: %s; what was stored before is intact",
		    store->path, why);
}

/* A prepared statement with its arguments: d = int64, s = text (NULL allowed), in order. */
sqlite3_stmt *sql_prepare(struct store *store, const char *sql, const char *types, ...)
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

bool sql_finish(sqlite3_stmt *statement)
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

char *sql_text(sqlite3_stmt *statement, int column)
{
	return xstrdup((const char *)sqlite3_column_text(statement, column));
}

int64_t sql_number(struct store *store, const char *sql, int64_t none)
{
	sqlite3_stmt *statement = sql_prepare(store, sql, "");
	if (statement && sqlite3_step(statement) == SQLITE_ROW)
		none = sqlite3_column_int64(statement, 0);
	sqlite3_finalize(statement);
	return none;
}

bool sql_begin(struct store *store)
{
	return execute(store, "BEGIN IMMEDIATE");
}

/* Ends the transaction; the message is made before the rollback takes the reason away. */
int sql_end(struct store *store, bool good)
{
	if (good && execute(store, "COMMIT"))
		return 0;
	int code = sql_failed(store);
	if (!sqlite3_get_autocommit(store->db))
		execute(store, "ROLLBACK");
	map_clear(&store->bodies);
	return code;
}

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
	default:
		return sql_failed(store);
	}
}

/* Makes the tables of a new file, or sees that those of an old one are ours. */
static int check_schema(struct store *store)
{
	if (!sql_begin(store))
		return open_failed(store);
	int64_t version = sql_number(store, "PRAGMA user_version", -1);
	int64_t application = sql_number(store, "PRAGMA application_id", -1);
	int64_t tables = sql_number(store, "SELECT count(*) FROM sqlite_master", -1);
	int code = 0;

	if (version < 0 || application < 0 || tables < 0)
		code = open_failed(store);
	else if (tables == 0 && version == 0) {
		char *sql = xprintf("%s%sPRAGMA user_version=%d;PRAGMA application_id=%d;", schema,
				    additions, SCHEMA, APPLICATION);
		bool good = execute(store, sql);
		free(sql);
		return sql_end(store, good);
	} else if (application != APPLICATION)
		code = fail(EXIT_BAD_INPUT, "%s is an SQLite file, but not a store of ftstress",
			    store->path);
	else if (version > SCHEMA)
		code = fail(EXIT_BAD_INPUT,
			    "%s was written by a newer ftstress (schema %lld, this one knows %d)",
			    store->path, (long long)version, SCHEMA);
	else
		return sql_end(store, execute(store, additions));
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
		/* The mode is written into the file: not before it is known to be ours. */
		code = check_schema(store);
		if (!code && !execute(store, "PRAGMA journal_mode=WAL;PRAGMA synchronous=NORMAL;"
					     "PRAGMA foreign_keys=ON;"))
			code = open_failed(store);
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
	map_free(&store->ways_of);
	strings_free(store->ways, store->way_count);
	free(store->path);
	free(store);
}
