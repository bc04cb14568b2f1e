/* store_findings.c - see store.h. What is known of findings, read again. */
#include "runner/store/store.h"

#include <stdlib.h>
#include <string.h>

#include "runner/model/matrix.h"
#include "runner/base/util.h"
#include "runner/store/sql.h"
#include "runner/store/kept.h"
#include "runner/store/store_json.h"

void store_history_clear(struct store_history *history)
{
	free(history->evidence);
	free(history->interleaving);
	free(history->script);
	free(history->no_script);
	history->evidence = history->interleaving = history->script = history->no_script = NULL;
}

/* How often, and when; nothing of what stands in its body. */
static int counts_of(struct store *store, int64_t run, const char *finding,
		     struct store_history *out)
{
	sqlite3_stmt *row = sql_again(
		store, SQL_COUNTS,
		STORE_LINEAGE
		"SELECT"
		" coalesce(sum(s.count), 0),"
		" coalesce(sum(CASE WHEN l.id IS NOT NULL THEN s.count END), 0),"
		" coalesce(max(l.id IS NULL AND s.run < ?1), 0),"
		" min(s.seen), max(s.seen), (SELECT first_seen FROM findings WHERE id = ?2)"
		" FROM seen s LEFT JOIN lineage l ON l.id = s.run"
		" WHERE s.finding = (SELECT number FROM findings WHERE id = ?2)",
		"ds", run, finding);
	int code = row ? sqlite3_step(row) : SQLITE_ERROR;
	*out = (struct store_history){ 0 };
	if (code == SQLITE_ROW) {
		out->count = (uint64_t)sqlite3_column_int64(row, 0);
		out->run_count = (uint64_t)sqlite3_column_int64(row, 1);
		out->known = sqlite3_column_int64(row, 2) != 0;
		out->first_seen = sqlite3_column_int64(row, 3);
		out->last_seen = sqlite3_column_int64(row, 4);
		/* It may be older than the oldest occurrence that is kept. */
		if (sqlite3_column_int64(row, 5) > 0)
			out->first_seen = sqlite3_column_int64(row, 5);
	}
	int failed = code == SQLITE_ROW ? 0 : sql_failed(store);
	sqlite3_reset(row);
	return failed;
}

int store_history(struct store *store, int64_t run, const char *finding, struct store_history *out)
{
	int failed = counts_of(store, run, finding, out);
	if (failed)
		return failed;
	/* Missing numbers are 0. */
	sqlite3_stmt *row = sql_prepare(
		store,
		"SELECT json_extract(body, '$.as_written_runs'),"
		" json_extract(body, '$.as_written_seen'), json_extract(body, '$.evidence'),"
		" json_extract(body, '$.evidence_shows'), json_extract(body, '$.interleaving'),"
		" json_extract(body, '$.script'), json_extract(body, '$.no_script')"
		" FROM findings WHERE id = ?",
		"s", finding);
	int code = row ? sqlite3_step(row) : SQLITE_ERROR;
	if (code == SQLITE_ROW) {
		out->as_written_runs = (unsigned)sqlite3_column_int(row, 0);
		out->as_written_seen = (unsigned)sqlite3_column_int(row, 1);
		out->evidence = xstrdup((const char *)sqlite3_column_text(row, 2));
		out->shows = evidence_of(sqlite3_column_int64(row, 3));
		out->interleaving = xstrdup((const char *)sqlite3_column_text(row, 4));
		out->script = xstrdup((const char *)sqlite3_column_text(row, 5));
		out->no_script = xstrdup((const char *)sqlite3_column_text(row, 6));
	}
	sqlite3_finalize(row);
	/* No row: a finding that is new. */
	return code == SQLITE_ROW || code == SQLITE_DONE ? 0 : sql_failed(store);
}

#define TEXTS(table, column)                                                                       \
	STORE_LINEAGE "SELECT t.name FROM seen s JOIN " table " t ON t.id = s." column             \
		      " WHERE s.finding = (SELECT number FROM findings WHERE id = ?2)"             \
		      " AND (?1 = 0 OR s.run IN (SELECT id FROM lineage)) AND t.name != ''"        \
		      " GROUP BY t.id ORDER BY min(s.seen), t.name LIMIT ?3"

/* The distinct tokens, or tests, of the finding in the lineage, oldest first; run 0: in all. */
static int finding_texts(struct store *store, int64_t run, const char *finding,
			 enum sql_again which, int64_t max, char ***texts, size_t *count)
{
	const char *sql = which == SQL_TOKENS ? TEXTS("tokens", "token") : TEXTS("tests", "test");
	sqlite3_stmt *row = sql_again(store, which, sql, "dsd", run, finding, max);
	size_t capacity = 0;
	int code = SQLITE_ERROR;
	*texts = NULL;
	*count = 0;
	while (row && (code = sqlite3_step(row)) == SQLITE_ROW)
		ARRAY_PUSH(*texts, *count, capacity, sql_text(row, 0));
	int failed = code == SQLITE_DONE ? 0 : sql_failed(store);
	sqlite3_reset(row);
	return failed;
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
	*f = (struct finding){ .id = sql_text(row, 0), .title = sql_text(row, 2) };
	if (number_of_kind < 0 || !body || !finding_from_json(body, f, store->kept) ||
	    kept_failed(store->kept))
		return fail(EXIT_INTERNAL, "the store %s is damaged: finding %s can't be read",
			    store->path, f->id);
	f->kind = (enum finding_kind)number_of_kind;
	f->status = status_parse((const char *)sqlite3_column_text(row, 3));
	int code = counts_of(store, run, f->id, &history);
	if (code)
		return code;
	/* A known one with a rule is the baseline's: no run need have seen it before. */
	if (f->status == STATUS_NEW || (f->status == STATUS_KNOWN && !f->suppressed_by))
		f->status = history.known ? STATUS_KNOWN : STATUS_NEW;
	f->count = history.count;
	f->run_count = history.run_count;
	f->first_seen = history.first_seen;
	f->last_seen = history.last_seen;
	code = finding_texts(store, run, f->id, SQL_TOKENS, FINDING_REPLAYS, &f->replays,
			     &f->replay_count);
	code = code ? code
		    : finding_texts(store, run, f->id, SQL_TESTS, FINDING_TESTS, &f->tests,
				    &f->test_count);
	matrix_owner_first(f);
	return code;
}

int store_find(struct store *store, const char *id, struct finding *out, bool *found)
{
	sqlite3_stmt *row = sql_prepare(
		store,
		"SELECT id, kind, title, status, body FROM findings WHERE substr(id, 1, length(?1))"
		" = ?1 ORDER BY id = ?1 DESC, id LIMIT 2",
		"s", id);
	int step = row ? sqlite3_step(row) : SQLITE_ERROR, code = 0;
	*found = step == SQLITE_ROW;
	if (*found)
		code = finding_load(store, 0, row, out);
	if (!code && *found && strcmp(out->id, id) != 0 && sqlite3_step(row) == SQLITE_ROW)
		code = fail(EXIT_BAD_INPUT, "\"%s\" is the beginning of several ids: %s, %s ...",
			    id, out->id, (const char *)sqlite3_column_text(row, 0));
	if (code && *found)
		finding_clear(out);
	sqlite3_finalize(row);
	return code || *found || step == SQLITE_DONE ? code : sql_failed(store);
}

/* The findings that the statement gives, of the run; 0 = of any. */
static int load_all(struct store *store, int64_t run, sqlite3_stmt *row, struct finding **findings,
		    size_t *count)
{
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
		code = sql_failed(store);
	for (size_t i = 0; code && i < *count; i++)
		finding_clear(&(*findings)[i]);
	if (code) {
		free(*findings);
		*findings = NULL;
		*count = 0;
	}
	return code;
}

int store_all(struct store *store, struct finding **findings, size_t *count)
{
	return load_all(store, 0,
			sql_prepare(store,
				    "SELECT id, kind, title, status, body FROM findings"
				    " ORDER BY id",
				    ""),
			findings, count);
}

int store_findings(struct store *store, int64_t run, struct finding **findings, size_t *count)
{
	sqlite3_stmt *row = sql_prepare(
		store,
		STORE_LINEAGE "SELECT id, kind, title, status, body FROM findings WHERE number IN"
			      " (SELECT finding FROM seen WHERE run IN (SELECT id FROM lineage))"
			      " ORDER BY id",
		"d", run);
	return load_all(store, run, row, findings, count);
}

int store_tokens(struct store *store, int64_t run, store_token *each, void *context)
{
	sqlite3_stmt *row = sql_prepare(
		store,
		STORE_LINEAGE
		"SELECT f.id, k.name FROM seen s JOIN findings f ON f.number = s.finding"
		" JOIN tokens k ON k.id = s.token WHERE s.run IN (SELECT id FROM lineage)"
		" GROUP BY s.finding, s.token",
		"d", run);
	int step = SQLITE_ERROR;
	while (row && (step = sqlite3_step(row)) == SQLITE_ROW)
		each(context, (const char *)sqlite3_column_text(row, 0),
		     (const char *)sqlite3_column_text(row, 1));
	sqlite3_finalize(row);
	return step == SQLITE_DONE ? 0 : sql_failed(store);
}

int store_absent(struct store *store, int64_t run, size_t most, char ***ids, size_t *count)
{
	sqlite3_stmt *row = sql_prepare(
		store,
		STORE_LINEAGE
		"SELECT id FROM (SELECT id, last_seen FROM findings WHERE"
		" status IN ('new', 'known') AND number NOT IN (SELECT finding FROM seen"
		" WHERE run IN (SELECT id FROM lineage)) ORDER BY last_seen DESC LIMIT ?2)"
		" ORDER BY last_seen",
		"dd", run, (int64_t)most);
	size_t capacity = 0;
	int step = SQLITE_ERROR;
	*ids = NULL;
	*count = 0;
	while (row && (step = sqlite3_step(row)) == SQLITE_ROW)
		ARRAY_PUSH(*ids, *count, capacity, sql_text(row, 0));
	sqlite3_finalize(row);
	return step == SQLITE_DONE ? 0 : sql_failed(store);
}
