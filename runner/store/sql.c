/* sql.c - see sql.h, and store.h for store_open and store_close. */
#include "runner/store/sql.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "runner/base/meanwhile.h"
#include "runner/base/util.h"
#include "runner/store/schema.h"
#include "runner/store/kept.h"
#include "runner/store/store.h"

enum {
	BUSY_EVERY_MS = 5, /* between two tries */
};

#define BUSY_SECONDS 20.0 /* another ftstress may be in its own transaction */

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

static void bind(sqlite3_stmt *statement, const char *types, va_list args)
{
	for (int i = 0; types[i]; i++) {
		if (types[i] == 'd')
			sqlite3_bind_int64(statement, i + 1, va_arg(args, int64_t));
		else
			sqlite3_bind_text(statement, i + 1, va_arg(args, const char *), -1,
					  SQLITE_TRANSIENT);
	}
}

sqlite3_stmt *sql_prepare(struct store *store, const char *sql, const char *types, ...)
{
	sqlite3_stmt *statement = NULL;
	va_list args;
	if (sqlite3_prepare_v2(store->db, sql, -1, &statement, NULL) != SQLITE_OK)
		return NULL;
	va_start(args, types);
	bind(statement, types, args);
	va_end(args);
	return statement;
}

sqlite3_stmt *sql_again(struct store *store, enum sql_again which, const char *sql,
			const char *types, ...)
{
	sqlite3_stmt **statement = &store->again[which];
	va_list args;
	if (!*statement && sqlite3_prepare_v2(store->db, sql, -1, statement, NULL) != SQLITE_OK)
		return NULL;
	va_start(args, types);
	bind(*statement, types, args);
	va_end(args);
	return *statement;
}

bool sql_finish(sqlite3_stmt *statement)
{
	if (!statement)
		return false;
	int code = sqlite3_step(statement);
	return sqlite3_finalize(statement) == SQLITE_OK && code == SQLITE_DONE;
}

bool sql_execute(struct store *store, const char *sql)
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
	return sql_execute(store, "BEGIN IMMEDIATE");
}

/* Ends the transaction; the message is made before the rollback takes the reason away. */
int sql_end(struct store *store, bool good)
{
	if (good && sql_execute(store, "COMMIT"))
		return 0;
	int code = sql_failed(store);
	if (!sqlite3_get_autocommit(store->db))
		sql_execute(store, "ROLLBACK");
	map_clear(&store->bodies);
	kept_forget(store->kept);
	return code;
}

int sql_open_failed(const struct store *store)
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
	store->kept = kept_new(store);
	int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;
	int code = 0;

	if (sqlite3_open_v2(path, &store->db, flags, NULL) != SQLITE_OK) {
		code = sql_open_failed(store);
	} else {
		sqlite3_extended_result_codes(store->db, 0);
		sqlite3_busy_handler(store->db, on_busy, store);
		/* The mode is written into the file: not before it is known to be ours. */
		code = schema_check(store);
		if (!code &&
		    !sql_execute(store, "PRAGMA journal_mode=WAL;PRAGMA synchronous=NORMAL;"
					"PRAGMA foreign_keys=ON;"))
			code = sql_open_failed(store);
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
	kept_free(store->kept);
	for (size_t i = 0; i < SQL_AGAIN; i++)
		sqlite3_finalize(store->again[i]);
	sqlite3_close(store->db);
	map_free(&store->bodies);
	map_free(&store->ways_of);
	strings_free(store->ways, store->way_count);
	free(store->path);
	free(store);
}
