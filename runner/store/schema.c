/* schema.c - see schema.h. */
#include "runner/store/schema.h"

#include <stdlib.h>

#include "runner/base/meanwhile.h"
#include "runner/base/util.h"
#include "runner/store/sql.h"
#include "runner/store/kept.h"
#include "runner/store/store_json.h"

enum {
	SCHEMA = 2,               /* user_version */
	APPLICATION = 0x66747374, /* "ftst", application_id */
};

static const char others[] =
	"CREATE TABLE runs("
	" id INTEGER PRIMARY KEY AUTOINCREMENT, parent INTEGER NOT NULL,"
	" state TEXT NOT NULL, seed TEXT NOT NULL, first_slice INTEGER NOT NULL,"
	" iterations_planned INTEGER NOT NULL, iterations_done INTEGER NOT NULL,"
	" started INTEGER NOT NULL, ended INTEGER NOT NULL, options TEXT, info TEXT);"
	"CREATE TABLE deck(id INTEGER PRIMARY KEY CHECK(id = 0), next_slice INTEGER NOT NULL);"
	"INSERT INTO deck VALUES(0, 0);"
	"CREATE TABLE leftovers(position INTEGER PRIMARY KEY, test TEXT NOT NULL UNIQUE);";

/* A finding, a token and a test come up again in thousands of rows of `seen`: there they are numbers.
 * `occurrences` is for people, and for what reads. */
static const char findings[] =
	"CREATE TABLE findings("
	" number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, kind TEXT NOT NULL,"
	" title TEXT NOT NULL, status TEXT NOT NULL, first_seen INTEGER NOT NULL,"
	" last_seen INTEGER NOT NULL, count INTEGER NOT NULL, body TEXT NOT NULL);"
	"CREATE TABLE frames("
	" number INTEGER PRIMARY KEY, function TEXT NOT NULL, file TEXT, line INTEGER NOT NULL,"
	" module TEXT, language INTEGER NOT NULL, flags INTEGER NOT NULL);"
	"CREATE TABLE stacks(number INTEGER PRIMARY KEY, frames TEXT NOT NULL);"
	"CREATE TABLE tokens(id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);"
	"CREATE TABLE seen("
	" finding INTEGER NOT NULL REFERENCES findings(number),"
	" run INTEGER NOT NULL REFERENCES runs(id), token INTEGER NOT NULL REFERENCES tokens(id),"
	" test INTEGER NOT NULL REFERENCES tests(id), seen INTEGER NOT NULL, count INTEGER NOT NULL,"
	" PRIMARY KEY(finding, run, token, test)) WITHOUT ROWID;"
	"CREATE INDEX seen_run ON seen(run, finding);"
	"CREATE VIEW occurrences AS SELECT f.id AS finding, s.run AS run, k.name AS token,"
	" t.name AS test, s.seen AS seen, s.count AS count FROM seen s"
	" JOIN findings f ON f.number = s.finding JOIN tokens k ON k.id = s.token"
	" JOIN tests t ON t.id = s.test;";

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
	"INSERT OR IGNORE INTO pairs_deck VALUES(0, 0);"
	"CREATE TABLE IF NOT EXISTS tries("
	" run INTEGER PRIMARY KEY REFERENCES runs(id), finding TEXT NOT NULL,"
	" purpose TEXT NOT NULL, tries INTEGER NOT NULL, seen INTEGER NOT NULL,"
	" needed INTEGER NOT NULL);";

/* ---- schema 1 had stacks in each finding's body, and texts in each occurrence ---- */

static const char set_aside[] = "DROP INDEX occurrences_run;"
				"ALTER TABLE findings RENAME TO findings_1;"
				"ALTER TABLE occurrences RENAME TO occurrences_1;";

static const char taken_over[] =
	"INSERT INTO findings(id, kind, title, status, first_seen, last_seen, count, body)"
	" SELECT id, kind, title, status, first_seen, last_seen, count, body FROM findings_1"
	" ORDER BY id;"
	"INSERT OR IGNORE INTO tests(name) SELECT DISTINCT test FROM occurrences_1;"
	"INSERT INTO tokens(name) SELECT DISTINCT token FROM occurrences_1;"
	"INSERT INTO seen SELECT f.number, o.run, k.id, t.id, o.seen, o.count"
	" FROM occurrences_1 o JOIN findings f ON f.id = o.finding"
	" JOIN tokens k ON k.name = o.token JOIN tests t ON t.name = o.test;"
	"DROP TABLE occurrences_1;"
	"DROP TABLE findings_1;";

/* The body with its stacks by number; one that can't be read stays as it is, and is told when it is asked for. */
static bool take_stacks(struct store *store, int64_t number, const char *body)
{
	struct finding finding = { 0 };
	bool good = true;
	if (finding_from_json(body, &finding, store->kept)) {
		char *text = finding_to_json(&finding, store->kept);
		good = !kept_failed(store->kept) &&
		       RUN(store, "UPDATE findings SET body = ?2 WHERE number = ?1", "ds", number,
			   text);
		free(text);
	}
	finding_clear(&finding);
	return good;
}

static bool take_all_stacks(struct store *store)
{
	int64_t last = sql_number(store, "SELECT coalesce(max(number), 0) FROM findings", -1);
	bool good = last >= 0;
	for (int64_t i = 1; i <= last && good; i++) {
		sqlite3_stmt *row =
			sql_prepare(store, "SELECT body FROM findings WHERE number = ?", "d", i);
		bool is = row && sqlite3_step(row) == SQLITE_ROW;
		char *body = is ? sql_text(row, 0) : NULL;
		good = sqlite3_finalize(row) == SQLITE_OK && (!body || take_stacks(store, i, body));
		free(body);
		meanwhile();
	}
	return good;
}

static bool renew(struct store *store)
{
	return sql_execute(store, additions) && sql_execute(store, set_aside) &&
	       sql_execute(store, findings) && sql_execute(store, taken_over) &&
	       take_all_stacks(store) && sql_execute(store, "PRAGMA user_version=2");
}

/* ---- */

static int make(struct store *store)
{
	char *sql = xprintf("%s%s%sPRAGMA user_version=%d;PRAGMA application_id=%d;", others,
			    additions, findings, SCHEMA, APPLICATION);
	bool good = sql_execute(store, sql);
	free(sql);
	return sql_end(store, good);
}

int64_t schema_of(struct store *store)
{
	int64_t version = sql_number(store, "PRAGMA user_version", 0);
	bool ours = sql_number(store, "PRAGMA application_id", 0) == APPLICATION;
	return ours && version <= SCHEMA ? version : 0;
}

int schema_check(struct store *store)
{
	if (!sql_begin(store))
		return sql_open_failed(store);
	int64_t version = sql_number(store, "PRAGMA user_version", -1);
	int64_t application = sql_number(store, "PRAGMA application_id", -1);
	int64_t tables = sql_number(store, "SELECT count(*) FROM sqlite_master", -1);
	int code = 0;

	if (version < 0 || application < 0 || tables < 0) {
		code = sql_open_failed(store);
	} else if (tables == 0 && version == 0) {
		return make(store);
	} else if (application != APPLICATION) {
		code = fail(EXIT_BAD_INPUT, "%s is an SQLite file, but not a store of ftstress",
			    store->path);
	} else if (version > SCHEMA) {
		code = fail(EXIT_BAD_INPUT,
			    "%s was written by a newer ftstress (schema %lld, this one knows %d)",
			    store->path, (long long)version, SCHEMA);
	} else if (version < SCHEMA) {
		code = sql_end(store, renew(store));
		if (!code) /* It is a fraction of what it was. If there is no room for that, it stays large. */
			sql_execute(store, "VACUUM");
		return code;
	} else {
		return sql_end(store, sql_execute(store, additions));
	}
	sql_execute(store, "ROLLBACK");
	return code;
}
