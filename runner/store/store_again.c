/* store_again.c - see store.h. What showed a finding, and runs that repeat that. */
#include "runner/store/store.h"

#include <stdlib.h>

#include "runner/base/util.h"
#include "runner/store/sql.h"

/* Enough of one run; a crash can come in thousands of its tests. */
#define WITNESSES_MOST 200

int store_witnesses(struct store *store, const char *finding, struct store_witness **witnesses,
		    size_t *count)
{
	sqlite3_stmt *row = sql_prepare(
		store,
		"SELECT run, token, test, count FROM occurrences WHERE finding = ?1"
		" AND (token != '' OR test != '') AND run NOT IN (SELECT run FROM tries)"
		" ORDER BY run DESC, count DESC, token, test LIMIT ?2",
		"sd", finding, (int64_t)WITNESSES_MOST);
	size_t capacity = 0;
	int step = SQLITE_ERROR;
	*witnesses = NULL;
	*count = 0;
	while (row && (step = sqlite3_step(row)) == SQLITE_ROW) {
		const struct store_witness one = { .run = sqlite3_column_int64(row, 0),
						   .token = sql_text(row, 1),
						   .test = sql_text(row, 2),
						   .count =
							   (uint64_t)sqlite3_column_int64(row, 3) };
		ARRAY_PUSH(*witnesses, *count, capacity, one);
	}
	sqlite3_finalize(row);
	if (step == SQLITE_DONE)
		return 0;
	int code = sql_failed(store);
	store_witnesses_free(*witnesses, *count);
	*witnesses = NULL;
	*count = 0;
	return code;
}

void store_witnesses_free(struct store_witness *witnesses, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		free(witnesses[i].token);
		free(witnesses[i].test);
	}
	free(witnesses);
}

int store_tries_put(struct store *store, int64_t run, const char *finding,
		    const struct store_tries *tries)
{
	bool good = sql_begin(store) &&
		    RUN(store, "INSERT OR REPLACE INTO tries VALUES(?, ?, ?, ?, ?, ?)", "dssddd",
			run, finding, tries->purpose, (int64_t)tries->tries, (int64_t)tries->seen,
			(int64_t)tries->needed);
	return sql_end(store, good);
}

int store_tries_of(struct store *store, const char *finding, const char *purpose, int64_t first_run,
		   int64_t last_run, struct store_tries *sum)
{
	sqlite3_stmt *row =
		sql_prepare(store,
			    "SELECT coalesce(sum(tries), 0), coalesce(sum(seen), 0)"
			    " FROM tries WHERE finding = ? AND purpose = ? AND run BETWEEN ? AND ?",
			    "ssdd", finding, purpose, first_run, last_run);
	int step = row ? sqlite3_step(row) : SQLITE_ERROR;
	*sum = (struct store_tries){ .purpose = purpose };
	if (step == SQLITE_ROW) {
		sum->tries = (uint64_t)sqlite3_column_int64(row, 0);
		sum->seen = (uint64_t)sqlite3_column_int64(row, 1);
	}
	sqlite3_finalize(row);
	return step == SQLITE_ROW ? 0 : sql_failed(store);
}
