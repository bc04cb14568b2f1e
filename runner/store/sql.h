/*
 * sql.h - the store's file: opened, statements and transactions. For those who know what is in the
 * tables: schema.c, kept.c, store.c and store_findings.c.
 */
#ifndef RUNNER_STORE_SQL_H
#define RUNNER_STORE_SQL_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stdint.h>

#include "runner/base/map.h"
#include "runner/store/store.h"

struct kept;

/* Statements that are run for each of thousands of findings: to parse them takes longer than to run them. */
enum sql_again {
	SQL_COUNTS,
	SQL_TOKENS,
	SQL_TESTS,
	SQL_AGAIN,
};

struct store {
	sqlite3 *db;
	char *path;
	double busy_since; /* now_seconds() */
	struct map bodies; /* hash of finding id -> hash of the JSON that is stored */
	struct kept *kept;
	sqlite3_stmt *again[SQL_AGAIN]; /* sql_again() */
	/* Of runs that store_sightings() has looked at, the settings: their text is long. */
	struct map ways_of; /* number of the run -> index */
	char **ways;
	size_t way_count, way_capacity;
};

/* Tells what SQLite said last; returns the exit code. */
int sql_failed(const struct store *store);
/* The same while the file is opened. */
int sql_open_failed(const struct store *store);
/* Runs statements that have no arguments. */
bool sql_execute(struct store *store, const char *sql);

/*
 * A prepared statement with its arguments: d = int64, s = text (NULL allowed), in order. NULL: see
 * sql_failed().
 */
sqlite3_stmt *sql_prepare(struct store *store, const char *sql, const char *types, ...);

/* The same, which is kept: for sqlite3_reset(), not for sqlite3_finalize(). `sql` is the same each time. */
sqlite3_stmt *sql_again(struct store *store, enum sql_again which, const char *sql,
			const char *types, ...);
/* Runs a statement that gives no rows; true if it went well. */
bool sql_finish(sqlite3_stmt *statement);
#define RUN(store, ...) sql_finish(sql_prepare(store, __VA_ARGS__))

/* RUN_INTERRUPTED for a word that is none. */
enum store_state store_state_parse(const char *name);

/* The run ?1 and those it resumes, as the table `lineage`. */
#define STORE_LINEAGE                                                                              \
	"WITH RECURSIVE lineage(id) AS (SELECT ?1 UNION SELECT runs.parent FROM runs"              \
	" JOIN lineage ON runs.id = lineage.id WHERE runs.parent > 0) "

/* A column of the row, the caller's to free; NULL = SQL's NULL. */
char *sql_text(sqlite3_stmt *statement, int column);
/* The only number of a query; `none` if it has no row. */
int64_t sql_number(struct store *store, const char *sql, int64_t none);

bool sql_begin(struct store *store);
/* Ends the transaction, or rolls it back if `good` is false: 0 or an exit code. */
int sql_end(struct store *store, bool good);

#endif
