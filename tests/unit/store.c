/* store.c - what is remembered between runs. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <signal.h>
#include <unistd.h>

#include <sqlite3.h>

#include "runner/collate/collate.h"
#include "runner/store/sql.h"
#include "runner/store/store.h"
#include "runner/store/store_json.h"
#include "runner/base/util.h"

#include <cmocka.h>

static char folder[] = "/tmp/ftstress-store-XXXXXX";
static char *path; /* of the test's own store */

static int fresh(void **state)
{
	static unsigned number;
	(void)state;
	free(path);
	path = xprintf("%s/%u.db", folder, ++number);
	return 0;
}

static struct store *open_store(void)
{
	struct store *store = NULL;
	assert_int_equal(store_open(path, &store), 0);
	return store;
}

static int64_t begin_run(struct store *store, int64_t parent)
{
	int64_t id;
	struct store_run run = { .parent = parent,
				 .seed = 0xfedcba9876543210,
				 .first_slice = 3,
				 .iterations_planned = 50,
				 .started = 1700000000,
				 .options = (char *)"{\"threads\":\"2-8\"}" };
	assert_int_equal(store_run_begin(store, &run, &id), 0);
	return id;
}

static struct finding sample(const char *id)
{
	return (struct finding){ .id = (char *)id,
				 .kind = FINDING_DATA_RACE,
				 .title = (char *)"Data race: f",
				 .first_seen = 1700000001,
				 .last_seen = 1700000001 };
}

static int see(struct store *store, int64_t run, const struct finding *finding, const char *token,
	       uint64_t count)
{
	struct occurrence one = { finding, count, token, "t.py::test", 1700000005 };
	struct store_iteration iteration = { .run = run,
					     .iterations_done = 1,
					     .next_slice = 4,
					     .occurrences = &one,
					     .occurrence_count = 1 };
	return store_iteration(store, &iteration);
}

static struct store_history history(struct store *store, int64_t run, const char *id)
{
	struct store_history out;
	assert_int_equal(store_history(store, run, id, &out), 0);
	return out;
}

/* What is printed on standard error by an act that returns an exit code; to be freed. */
static char *said_by(int (*act)(const void *context), const void *context, int *code)
{
	char name[] = "/tmp/ftstress-said-XXXXXX";
	int file = mkstemp(name), old = dup(STDERR_FILENO);
	if (file < 0 || old < 0) {
		fail_msg("%s can't be made", name);
		*code = EXIT_INTERNAL;
		return NULL;
	}
	dup2(file, STDERR_FILENO);
	*code = act(context);
	dup2(old, STDERR_FILENO);
	close(old);
	close(file);
	char *said = read_file(name, NULL);
	unlink(name);
	return said;
}

static int open_bad(const void *where)
{
	struct store *store = NULL;
	int code = store_open(where, &store);
	assert_null(store);
	return code;
}

/* What is told when a store at `where` can't be opened; to be freed. */
static char *complaint(const char *where, int *code)
{
	return said_by(open_bad, where, code);
}

static void write_file(const char *text)
{
	FILE *file = fopen(path, "w");
	if (!file) {
		fail_msg("%s can't be written", path);
		return;
	}
	fputs(text, file);
	fclose(file);
}

static void sql(const char *text)
{
	sqlite3 *db;
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, text, NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
}

/* ---- opening ---- */

static void a_new_store_is_empty(void **state)
{
	(void)state;
	struct store *store = open_store();
	struct store_run run;
	uint64_t slice = 9;
	bool found;
	assert_int_equal(store_run_get(store, 0, &run, &found), 0);
	assert_false(found);
	assert_int_equal(store_deck(store, &slice), 0);
	assert_int_equal(slice, 0);
	store_close(store);
}

static void a_file_that_is_no_database_is_left_alone(void **state)
{
	(void)state;
	static const char text[] =
		"This is my thesis, and it is longer than a database's header.\n"
		"It has several lines, and nobody may write into it. ............";
	int code;
	write_file(text);
	char *said = complaint(path, &code);
	char *after = read_file(path, NULL);
	assert_int_equal(code, EXIT_BAD_INPUT);
	assert_non_null(strstr(said, "is not an ftstress store"));
	assert_string_equal(after, text);
	free(after);
	free(said);
}

static void another_programs_database_is_left_alone(void **state)
{
	(void)state;
	int code;
	size_t before_length, after_length;
	sql("CREATE TABLE bookmarks(url)");
	char *before = read_file(path, &before_length);
	char *said = complaint(path, &code);
	char *after = read_file(path, &after_length);
	assert_int_equal(code, EXIT_BAD_INPUT);
	assert_non_null(strstr(said, "not a store of ftstress"));
	/* Nor is its journal's mode another one. */
	assert_int_equal(before_length, after_length);
	assert_memory_equal(before, after, before_length);
	free(before);
	free(after);
	free(said);
}

/* A disk that was full, a copy that was cut off: the rest may be what somebody wants to save. */
static void half_of_a_store_is_told_and_left_alone(void **state)
{
	(void)state;
	int code = 0;
	size_t length, after_length;
	struct store *store = open_store();
	struct finding finding = sample("data-race-000000000001");
	int64_t run = begin_run(store, 0);
	for (char token[] = "a.1.0"; token[2] <= '9'; token[2]++)
		see(store, run, &finding, token, 1);
	store_close(store);
	char *whole = read_file(path, &length);
	assert_int_equal(truncate(path, (off_t)length / 2), 0);
	char *before = read_file(path, &after_length);
	char *said = complaint(path, &code);
	char *after = read_file(path, &after_length);
	assert_int_equal(code, EXIT_BAD_INPUT);
	assert_non_null(strstr(said, "is damaged"));
	assert_non_null(strstr(said, "was left as it is"));
	assert_int_equal(after_length, length / 2);
	assert_memory_equal(before, after, after_length);
	free(whole);
	free(before);
	free(after);
	free(said);
}

/* As an ftstress of schema 1 left it: stacks in each finding, texts in each occurrence, no turns. */
static const char schema_1[] =
	"CREATE TABLE runs(id INTEGER PRIMARY KEY AUTOINCREMENT, parent INTEGER NOT NULL,"
	" state TEXT NOT NULL, seed TEXT NOT NULL, first_slice INTEGER NOT NULL,"
	" iterations_planned INTEGER NOT NULL, iterations_done INTEGER NOT NULL,"
	" started INTEGER NOT NULL, ended INTEGER NOT NULL, options TEXT, info TEXT);"
	"CREATE TABLE findings(id TEXT PRIMARY KEY, kind TEXT NOT NULL, title TEXT NOT NULL,"
	" status TEXT NOT NULL, first_seen INTEGER NOT NULL, last_seen INTEGER NOT NULL,"
	" count INTEGER NOT NULL, body TEXT NOT NULL) WITHOUT ROWID;"
	"CREATE TABLE occurrences(finding TEXT NOT NULL REFERENCES findings(id),"
	" run INTEGER NOT NULL REFERENCES runs(id), token TEXT NOT NULL, test TEXT NOT NULL,"
	" seen INTEGER NOT NULL, count INTEGER NOT NULL,"
	" PRIMARY KEY(finding, run, token, test)) WITHOUT ROWID;"
	"CREATE INDEX occurrences_run ON occurrences(run, finding);"
	"CREATE TABLE deck(id INTEGER PRIMARY KEY CHECK(id = 0), next_slice INTEGER NOT NULL);"
	"INSERT INTO deck VALUES(0, 7);"
	"CREATE TABLE leftovers(position INTEGER PRIMARY KEY, test TEXT NOT NULL UNIQUE);"
	"INSERT INTO runs VALUES(1, 0, 'finished', '2a', 0, 5, 5, 100, 200, '{}', NULL);"
	"INSERT INTO findings VALUES('data-race-0000000000aa', 'data-race', 'f', 'new', 100, 150, 3,"
	" '{\"explanation\":\"why\",\"participants\":[{\"role\":\"write\",\"stack\":["
	"{\"function\":\"f\",\"file\":\"f.c\",\"line\":3,\"language\":2,\"inline\":true},"
	"{\"function\":\"main\",\"line\":9,\"plumbing\":true}],\"created\":[]}]}');"
	"INSERT INTO findings VALUES('crash-0000000000bb', 'crash', 'g', 'new', 100, 150, 1, '{');"
	"INSERT INTO occurrences VALUES('data-race-0000000000aa', 1, '2a.0.0', 't.py::a', 120, 2);"
	"INSERT INTO occurrences VALUES('data-race-0000000000aa', 1, '2a.1.1', '', 150, 1);"
	"PRAGMA user_version=1;PRAGMA application_id=0x66747374;";

static int64_t number(const char *query)
{
	sqlite3 *db;
	sqlite3_stmt *row;
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_prepare_v2(db, query, -1, &row, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_step(row), SQLITE_ROW);
	int64_t value = sqlite3_column_int64(row, 0);
	sqlite3_finalize(row);
	sqlite3_close(db);
	return value;
}

static void an_older_store_is_taken_on_with_all_that_it_has(void **state)
{
	(void)state;
	sql(schema_1);
	struct store *store = open_store();
	struct finding finding;
	struct store_sighting *runs;
	size_t count;
	uint64_t slice;
	bool found;
	assert_int_equal(number("PRAGMA user_version"), 2);
	assert_int_equal(store_find(store, "data-race", &finding, &found), 0);
	assert_true(found);
	assert_int_equal(finding.count, 3);
	assert_int_equal(finding.test_count, 1);
	assert_string_equal(finding.tests[0], "t.py::a");
	assert_int_equal(finding.replay_count, 2);
	assert_string_equal(finding.replays[1], "2a.1.1");
	assert_string_equal(finding.explanation, "why");
	const struct stack *stack = &finding.participants[0].stack;
	assert_int_equal(stack->count, 2);
	assert_string_equal(stack->frames[0].file, "f.c");
	assert_true(stack->frames[0].is_inline && stack->frames[0].language == FRAME_C);
	assert_true(stack->frames[1].plumbing && !stack->frames[1].file);
	finding_clear(&finding);
	/* what was damaged before is damaged still, and alone */
	assert_int_equal(store_find(store, "crash", &finding, &found), EXIT_INTERNAL);
	assert_int_equal(store_deck(store, &slice), 0);
	assert_int_equal(slice, 7);
	assert_int_equal(store_sightings(store, "data-race-0000000000aa", &runs, &count), 0);
	assert_int_equal(count, 1);
	assert_int_equal(runs[0].seen, 2);
	assert_int_equal(runs[0].turns, 0); /* it did not count them */
	store_sightings_free(runs, count);
	struct finding more = sample("data-race-0000000000cc");
	assert_int_equal(see(store, begin_run(store, 0), &more, "a.1.0", 1), 0);
	store_close(store);
}

static void a_change_of_schema_that_fails_leaves_the_store_as_it_is(void **state)
{
	(void)state;
	int code;
	sql(schema_1);
	sql("CREATE TABLE stacks(mine)"); /* in the way of ours */
	char *said = complaint(path, &code);
	assert_int_equal(code, EXIT_INTERNAL);
	assert_non_null(strstr(said, "is intact"));
	free(said);
	assert_int_equal(number("PRAGMA user_version"), 1);
	assert_int_equal(number("SELECT sum(count) FROM occurrences"), 3);
	sql("DROP TABLE stacks");
	store_close(open_store());
	assert_int_equal(number("SELECT sum(count) FROM occurrences"), 3);
}

static void a_newer_schema_is_refused(void **state)
{
	(void)state;
	int code;
	store_close(open_store());
	sql("PRAGMA user_version = 99");
	char *said = complaint(path, &code);
	assert_int_equal(code, EXIT_BAD_INPUT);
	assert_non_null(strstr(said, "newer ftstress (schema 99"));
	free(said);
}

static void a_folder_that_is_not_there_is_told(void **state)
{
	(void)state;
	int code;
	char *said = complaint("/nonexistent/folder/x.db", &code);
	assert_int_equal(code, EXIT_BAD_INPUT);
	assert_non_null(strstr(said, "can't open the store /nonexistent/folder/x.db"));
	free(said);
}

static void a_folder_in_its_place_is_told(void **state)
{
	(void)state;
	int code;
	assert_int_equal(mkdir(path, 0777), 0);
	char *said = complaint(path, &code);
	assert_int_equal(code, EXIT_BAD_INPUT);
	assert_non_null(strstr(said, path));
	free(said);
	rmdir(path);
}

/* ---- runs ---- */

static void a_run_is_stored_with_what_resuming_needs(void **state)
{
	(void)state;
	struct store *store = open_store();
	struct store_run run;
	bool found;
	int64_t id = begin_run(store, 0);
	struct finding finding = sample("data-race-000000000001");
	see(store, id, &finding, "a.1.0", 1);
	store_close(store); /* the process was killed here: nobody called store_run_end */
	store = open_store();
	assert_int_equal(store_run_get(store, 0, &run, &found), 0);
	assert_true(found);
	assert_int_equal(run.id, id);
	assert_int_equal(run.state, RUN_RUNNING);
	assert_true(run.seed == 0xfedcba9876543210);
	assert_int_equal(run.first_slice, 3);
	assert_int_equal(run.iterations_planned, 50);
	assert_int_equal(run.iterations_done, 1);
	assert_string_equal(run.options, "{\"threads\":\"2-8\"}");
	store_run_clear(&run);
	store_close(store);
}

static void the_facts_of_a_run_come_back(void **state)
{
	(void)state;
	struct store *store = open_store();
	int64_t id = begin_run(store, 0);
	struct run_hook hooks[] = { { (char *)"races", true, false, NULL },
				    { (char *)"locks", false, true, (char *)"x" } };
	struct run_rule rules[] = { { (char *)"race:f", (char *)"list:2", 7 } };
	struct run_lock locks[] = { { .name = (char *)"a",
				      .kind = "PyMutex",
				      .waits = 3,
				      .waited = 2.5,
				      .longest_wait = 1.5,
				      .longest_hold = 0.5,
				      .where = (char *)"x.py:1" } };
	char *notes[] = { (char *)"a note" }, *settings[] = { (char *)"threads", (char *)"2-8" };
	struct run_info info = { .suite = (char *)"numpy",
				 .seconds = 1.5,
				 .records = 1ull << 40,
				 .interrupted = true,
				 .exit_code = 2,
				 .hooks = hooks,
				 .hook_count = 2,
				 .rules = rules,
				 .rule_count = 1,
				 .locks = locks,
				 .lock_count = 1,
				 .notes = notes,
				 .note_count = 1,
				 .settings = settings,
				 .setting_count = 1 };
	struct run_info back;
	struct store_run run;
	bool found;
	assert_int_equal(store_run_end(store, id, RUN_INTERRUPTED, &info), 0);
	assert_int_equal(store_run_info(store, id, &back, &found), 0);
	assert_true(found);
	assert_string_equal(back.suite, "numpy");
	assert_null(back.python);
	assert_true(back.seconds > 1.4 && back.seconds < 1.6 && back.interrupted);
	assert_true(back.records == 1ull << 40);
	assert_string_equal(back.hooks[1].why, "x");
	assert_true(back.hooks[0].live && !back.hooks[0].off);
	assert_true(back.hooks[1].off);
	assert_int_equal(back.rules[0].used, 7);
	assert_int_equal(back.lock_count, 1);
	assert_string_equal(back.locks[0].kind, "PyMutex");
	assert_true(back.locks[0].waits == 3 && back.locks[0].waited > 2.4 &&
		    back.locks[0].longest_wait > 1.4 && back.locks[0].longest_hold > 0.4);
	assert_string_equal(back.locks[0].where, "x.py:1");
	assert_string_equal(back.notes[0], "a note");
	assert_string_equal(back.settings[1], "2-8");
	run_info_clear(&back);
	store_run_get(store, id, &run, &found);
	assert_int_equal(run.state, RUN_INTERRUPTED);
	store_run_clear(&run);
	assert_int_equal(store_run_reopen(store, id), 0);
	store_run_get(store, id, &run, &found);
	assert_int_equal(run.state, RUN_RUNNING);
	store_run_clear(&run);
	store_close(store);
}

/* ---- the baseline ---- */

static void a_finding_is_known_if_an_earlier_run_had_it(void **state)
{
	(void)state;
	struct store *store = open_store();
	struct finding finding = sample("data-race-000000000001");
	int64_t first = begin_run(store, 0);
	see(store, first, &finding, "a.1.0", 2);
	see(store, first, &finding, "a.2.0", 3);
	assert_false(history(store, first, finding.id).known); /* its own */
	int64_t second = begin_run(store, 0);
	struct store_history seen = history(store, second, finding.id);
	assert_true(seen.known);
	assert_int_equal(seen.count, 5);
	assert_int_equal(seen.run_count, 0);
	assert_int_equal(seen.first_seen, 1700000001);
	assert_false(history(store, second, "data-race-000000000002").known);
	store_close(store);
}

static void what_the_resumed_run_had_stays_new(void **state)
{
	(void)state;
	struct store *store = open_store();
	struct finding old = sample("data-race-00000000000a"), fresh_one = sample("data-race-b");
	int64_t before = begin_run(store, 0);
	see(store, before, &old, "a.1.0", 1);
	int64_t cut = begin_run(store, 0);
	see(store, cut, &fresh_one, "b.1.0", 4);
	int64_t once = begin_run(store, cut), twice = begin_run(store, once);
	struct store_history seen = history(store, twice, fresh_one.id);
	assert_false(seen.known);
	assert_int_equal(seen.run_count, 4);
	assert_true(history(store, twice, old.id).known);
	/* a run that is no descendant */
	assert_true(history(store, begin_run(store, 0), fresh_one.id).known);
	/* a later run changes nothing for an earlier one */
	assert_false(history(store, cut, fresh_one.id).known);
	store_close(store);
}

/* What was found out about it later is kept, and a later run knows it. */
static void whether_the_order_as_written_shows_it_is_kept(void **state)
{
	(void)state;
	struct store *store = open_store();
	struct finding finding = sample("data-race-000000000001");
	int64_t first = begin_run(store, 0);
	see(store, first, &finding, "a.1.0", 2);
	assert_int_equal(history(store, first, finding.id).as_written_runs, 0);
	finding.as_written_runs = 3;
	finding.as_written_seen = 1;
	assert_int_equal(store_finding(store, &finding), 0);
	struct store_history seen = history(store, begin_run(store, 0), finding.id);
	assert_int_equal(seen.as_written_runs, 3);
	assert_int_equal(seen.as_written_seen, 1);
	assert_int_equal(seen.count, 2); /* it was not seen once more */
	store_close(store);
}

/* ---- findings ---- */

static void a_finding_comes_back_complete(void **state)
{
	(void)state;
	struct store *store = open_store();
	struct frame frames[] = {
		{ FRAME_CYTHON, (char *)"A.f", (char *)"a.pyx", 12, (char *)"a.so", false, true,
		  false },
		{ FRAME_PYTHON, (char *)"caf\xc3\xa9", (char *)"/bad\xff.py", 0, NULL, true, false,
		  false },
	};
	struct held_lock lock = {
		.name = (char *)"M1", .address = 0xabc0, .shared = true, .created = { frames, 1 }
	};
	struct participant side = { .role = (char *)"write of 8 bytes",
				    .thread = (char *)"Thread T1",
				    .write = true,
				    .address = 0x7fffffffffff,
				    .size = 8,
				    .stack = { frames, 2 },
				    .created = { frames, 1 },
				    .locks = &lock,
				    .lock_count = 1 };
	struct finding in = sample("data-race-000000000001"), *out;
	size_t count;
	in.explanation = (char *)"why";
	in.detail = (char *)"trace\nback";
	in.gil_on = true;
	in.subject = (struct subject){ .kind = SUBJECT_OBJECT,
				       .type = (char *)"m.Box",
				       .offset = 40,
				       .size = 80,
				       .description = (char *)"a box",
				       .allocated = { frames, 1 } };
	in.evidence = (char *)"it ends at once";
	in.shows = EVIDENCE_CRASHES;
	in.interleaving = (char *)"one thread  another thread\n";
	in.participants = &side;
	in.participant_count = 1;
	in.status = STATUS_UPSTREAM;
	in.suppressed_by = (char *)"race:f";
	int64_t run = begin_run(store, 0);
	assert_int_equal(see(store, run, &in, "a.1.0", 2), 0);
	assert_int_equal(see(store, run, &in, "a.0.0", 1), 0);
	assert_int_equal(store_findings(store, run, &out, &count), 0);
	assert_int_equal(count, 1);
	assert_string_equal(out->id, in.id);
	assert_int_equal(out->status, STATUS_UPSTREAM);
	assert_string_equal(out->suppressed_by, "race:f");
	assert_string_equal(out->detail, in.detail);
	assert_true(out->gil_on && !out->gil_off);
	assert_int_equal(out->run_count, 3);
	assert_int_equal(out->replay_count, 2);
	assert_string_equal(out->tests[0], "t.py::test");
	assert_string_equal(out->subject.description, "a box");
	assert_int_equal(out->subject.kind, SUBJECT_OBJECT);
	assert_string_equal(out->subject.type, "m.Box");
	assert_int_equal(out->subject.offset, 40);
	assert_int_equal(out->subject.size, 80);
	assert_int_equal(out->shows, EVIDENCE_CRASHES);
	assert_string_equal(out->interleaving, in.interleaving);
	assert_int_equal(out->participants[0].address, side.address);
	assert_int_equal(out->participants[0].stack.count, 2);
	const struct frame *frame = &out->participants[0].stack.frames[0];
	assert_int_equal(frame->language, FRAME_CYTHON);
	assert_int_equal(frame->line, 12);
	assert_true(frame->is_inline && !frame->plumbing);
	assert_string_equal(frame[1].function, "caf\xc3\xa9");
	assert_string_equal(frame[1].file, "/bad\xef\xbf\xbd.py"); /* was no UTF-8 */
	assert_null(frame[1].module);
	assert_string_equal(out->participants[0].locks[0].created.frames[0].function, "A.f");
	assert_true(out->participants[0].locks[0].address == 0xabc0);
	assert_true(out->participants[0].locks[0].shared);
	finding_clear(out);
	free(out);
	store_close(store);
}

static void evidence_that_there_is_not_is_none(void **state)
{
	(void)state;
	static const struct {
		const char *written;
		enum evidence is;
	} cases[] = { { "5", EVIDENCE_EQUAL }, { "6", EVIDENCE_NONE }, { "-1", EVIDENCE_NONE } };
	struct store *store = open_store();
	int64_t run = begin_run(store, 0);
	struct finding finding = sample("data-race-000000000001"), *out;
	assert_int_equal(see(store, run, &finding, "a.1.0", 1), 0);
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		size_t count;
		char *text = xprintf("UPDATE findings SET body = '{\"evidence_shows\":%s}'",
				     cases[i].written);
		sql(text);
		free(text);
		struct store_history was = history(store, run, finding.id);
		assert_int_equal(was.shows, cases[i].is);
		store_history_clear(&was);
		assert_int_equal(store_findings(store, run, &out, &count), 0);
		assert_int_equal(out[0].shows, cases[i].is);
		finding_clear(out);
		free(out);
	}
	store_close(store);
}

static void findings_share_frames_and_stacks(void **state)
{
	(void)state;
	struct frame frames[] = { { FRAME_C, (char *)"f", (char *)"f.c", 3, NULL, false, false,
				    false },
				  { FRAME_C, (char *)"g", NULL, 0, NULL, false, false, false } };
	struct participant side = { .stack = { frames, 2 }, .created = { frames, 2 } };
	struct finding one = sample("data-race-000000000001"),
		       two = sample("data-race-000000000002");
	one.participants = two.participants = &side;
	one.participant_count = two.participant_count = 1;
	struct store *store = open_store();
	int64_t run = begin_run(store, 0);
	/* what a rollback took away is stored again */
	sql("CREATE TRIGGER refuse BEFORE UPDATE ON deck BEGIN SELECT RAISE(ABORT, 'no'); END");
	assert_int_equal(see(store, run, &one, "a.1.0", 1), EXIT_INTERNAL);
	assert_int_equal(number("SELECT count(*) FROM stacks"), 0);
	sql("DROP TRIGGER refuse");
	assert_int_equal(see(store, run, &one, "a.1.0", 1), 0);
	assert_int_equal(see(store, run, &two, "a.1.0", 1), 0);
	assert_int_equal(number("SELECT count(*) FROM stacks"), 1);
	assert_int_equal(number("SELECT count(*) FROM frames"), 2);
	/* a stack that is gone is not taken for an empty one */
	struct finding *out;
	size_t count;
	sql("DELETE FROM stacks");
	assert_int_equal(store_findings(store, run, &out, &count), EXIT_INTERNAL);
	store_close(store);
}

static void the_pairs_of_a_run_keep_their_findings(void **state)
{
	(void)state;
	char *operations[] = { (char *)"pop", (char *)"len" };
	struct run_cell cells[] = { { 0, 0, (char *)"data-race-1" },
				    { 0, 1, (char *)"data-race-2" },
				    { 1, 1, (char *)"data-race-1" } };
	char *bases[] = { (char *)"m.Base" };
	struct run_type type = {
		.name = (char *)"m.Box",
		.bases = bases,
		.base_count = 1,
		.operations = operations,
		.operation_count = 2,
		.uncalled = operations,
		.uncalled_count = 1,
		.states = (char *)"rrrr",
		.by_state = { [CELL_CLEAN] = 3, [CELL_ORDERED] = 5, [CELL_OTHER] = 7 },
		.orders = (struct run_order[]){ { 0, 1, (char *)"the lock" } },
		.order_count = 1,
		.cells = cells,
		.cell_count = 3
	};
	struct run_info in = { .types = &type, .type_count = 1 }, out;
	struct store *store = open_store();
	int64_t run = begin_run(store, 0);
	bool found;
	assert_int_equal(store_run_end(store, run, RUN_FINISHED, &in), 0);
	for (int written = 0; written < 2; written++) { /* then as an older ftstress wrote it */
		assert_int_equal(store_run_info(store, run, &out, &found), 0);
		assert_true(found);
		assert_int_equal(out.types[0].base_count, written ? 0 : 1);
		assert_true(written || strcmp(out.types[0].bases[0], "m.Base") == 0);
		assert_int_equal(out.types[0].uncalled_count, written ? 0 : 1);
		assert_int_equal(out.types[0].order_count, written ? 0 : 1);
		assert_true(written || strcmp(out.types[0].orders[0].by, "the lock") == 0);
		assert_int_equal(out.types[0].by_state[CELL_CLEAN], 3);
		assert_int_equal(out.types[0].by_state[CELL_ORDERED], written ? 0 : 5);
		assert_int_equal(out.types[0].by_state[CELL_OTHER], 7);
		assert_int_equal(out.types[0].cell_count, 3);
		assert_string_equal(out.types[0].cells[1].finding, "data-race-2");
		assert_string_equal(out.types[0].cells[2].finding, "data-race-1");
		run_info_clear(&out);
		sql("UPDATE runs SET info = '{\"types\":[{\"name\":\"m.Box\",\"operations\":[\"pop\",\"len\"],\"states\":\"rrrr\",\"counts\":[0,0,0,3,7,0,0,0],\"cells\":"
		    "[[0,0,\"data-race-1\"],[0,1,\"data-race-2\"],[1,1,\"data-race-1\"]]}]}'");
	}
	store_close(store);
}

static void a_table_of_pairs_that_is_no_square_is_left_out(void **state)
{
	(void)state;
#define BOX "{\"name\":\"m.Box\",\"operations\":[\"pop\",\"len\"],"
	static const char *const broken[] = {
		BOX "\"cells\":[]}",
		BOX "\"states\":\"rrr\",\"cells\":[]}",
		BOX "\"states\":\"rrrr\",\"cells\":[[0,2,\"data-race-1\"]]}",
		BOX "\"states\":\"rrrr\",\"cells\":[[2,0,\"data-race-1\"]]}",
		"{\"operations\":[],\"states\":\"\",\"cells\":[]}",
	};
	for (size_t i = 0; i < sizeof broken / sizeof *broken; i++) {
		struct run_info out;
		char *text = xprintf("{\"types\":[%s," BOX "\"states\":\"rrrr\"}]}", broken[i]);
		assert_true(run_info_from_json(text, &out));
		assert_int_equal(out.type_count, 1);
		assert_string_equal(out.types[0].states, "rrrr");
		run_info_clear(&out);
		free(text);
	}
}

static void a_report_of_an_old_run_has_that_runs_findings(void **state)
{
	(void)state;
	struct store *store = open_store();
	struct finding a = sample("data-race-a"), b = sample("data-race-b"), *out;
	size_t count;
	int64_t first = begin_run(store, 0);
	see(store, first, &a, "a.1.0", 1);
	int64_t second = begin_run(store, 0);
	see(store, second, &a, "b.1.0", 1);
	see(store, second, &b, "b.1.0", 1);
	assert_int_equal(store_findings(store, first, &out, &count), 0);
	assert_int_equal(count, 1);
	assert_int_equal(out[0].status, STATUS_NEW);
	finding_clear(&out[0]);
	free(out);
	assert_int_equal(store_findings(store, second, &out, &count), 0);
	assert_int_equal(count, 2);
	assert_int_equal(out[0].status, STATUS_KNOWN);
	assert_int_equal(out[0].count, 2);
	assert_int_equal(out[0].run_count, 1);
	assert_string_equal(out[0].replays[0], "b.1.0");
	assert_int_equal(out[1].status, STATUS_NEW);
	for (size_t i = 0; i < count; i++)
		finding_clear(&out[i]);
	free(out);
	store_close(store);
}

/* ---- deck and leftovers ---- */

static void tests_that_did_not_run_wait_and_leave_when_they_ran(void **state)
{
	(void)state;
	struct store *store = open_store();
	const char *late[] = { "t::c", "t::a" }, *again[] = { "t::a", "t::b" }, *ran[] = { "t::c" };
	struct store_iteration iteration = {
		.run = begin_run(store, 0), .next_slice = 7, .leftovers = late, .leftover_count = 2
	};
	char **tests;
	size_t count;
	uint64_t slice;
	assert_int_equal(store_iteration(store, &iteration), 0);
	iteration.leftovers = again;
	iteration.ran = ran;
	iteration.ran_count = 1;
	iteration.next_slice = 8;
	assert_int_equal(store_iteration(store, &iteration), 0);
	store_close(store);
	store = open_store();
	assert_int_equal(store_leftovers(store, &tests, &count), 0);
	assert_int_equal(count, 2);
	assert_string_equal(tests[0], "t::a"); /* oldest first */
	assert_string_equal(tests[1], "t::b");
	for (size_t i = 0; i < count; i++)
		free(tests[i]);
	free(tests);
	assert_int_equal(store_deck(store, &slice), 0);
	assert_int_equal(slice, 8);
	store_close(store);
}

/* ---- what goes wrong ---- */

static void a_full_disk_loses_nothing_that_was_stored(void **state)
{
	(void)state;
	struct store *store = open_store();
	struct finding small = sample("data-race-a"), big = sample("data-race-b");
	int64_t run = begin_run(store, 0);
	uint64_t slice;
	char *long_text = xcalloc(1, 8u << 20);
	memset(long_text, 'x', (8u << 20) - 1);
	big.detail = long_text;
	assert_int_equal(see(store, run, &small, "a.1.0", 1), 0);

	/* a file may not grow beyond 1 MiB: the kernel says EFBIG as it would say ENOSPC */
	struct rlimit old, limit;
	getrlimit(RLIMIT_FSIZE, &old);
	limit = old;
	limit.rlim_cur = 1u << 20;
	signal(SIGXFSZ, SIG_IGN);
	setrlimit(RLIMIT_FSIZE, &limit);
	struct occurrence two[] = { { &small, 1, "a.2.0", NULL, 1700000009 },
				    { &big, 1, "a.2.0", NULL, 1700000009 } };
	struct store_iteration iteration = { .run = run,
					     .iterations_done = 2,
					     .next_slice = 9,
					     .occurrences = two,
					     .occurrence_count = 2 };
	assert_int_equal(store_iteration(store, &iteration), EXIT_INTERNAL);
	setrlimit(RLIMIT_FSIZE, &old);

	assert_int_equal(history(store, run, small.id).count, 1); /* all or nothing */
	assert_int_equal(history(store, run, big.id).count, 0);
	store_deck(store, &slice);
	assert_int_equal(slice, 4);
	assert_int_equal(store_iteration(store, &iteration), 0); /* there is room again */
	assert_int_equal(history(store, run, small.id).count, 2);
	assert_int_equal(history(store, run, big.id).count, 1);
	free(long_text);
	store_close(store);
}

struct sight {
	struct store *store;
	int64_t run;
	const struct finding *finding;
};

static int see_sight(const void *context)
{
	const struct sight *sight = context;
	return see(sight->store, sight->run, sight->finding, "a.1.0", 1);
}

/* SQLite ends the transaction by itself then: what is written next would stand alone. */
static void a_disk_that_is_full_at_a_stack_is_told_and_no_other_stack_is_written(void **state)
{
	(void)state;
	char *long_text = xcalloc(1, 8u << 20);
	memset(long_text, 'x', (8u << 20) - 1);
	struct frame big = { FRAME_C, long_text, NULL, 1, NULL, false, false, false };
	struct frame small = { FRAME_C, (char *)"f", NULL, 1, NULL, false, false, false };
	struct participant side = { .stack = { &big, 1 }, .created = { &small, 1 } };
	struct finding finding = sample("data-race-a");
	finding.participants = &side;
	finding.participant_count = 1;
	struct store *store = open_store();
	const struct sight sight = { store, begin_run(store, 0), &finding };
	struct rlimit old, limit;
	getrlimit(RLIMIT_FSIZE, &old);
	limit = old;
	limit.rlim_cur = 1u << 20;
	signal(SIGXFSZ, SIG_IGN);
	setrlimit(RLIMIT_FSIZE, &limit);
	int code;
	char *said = said_by(see_sight, &sight, &code);
	setrlimit(RLIMIT_FSIZE, &old);
	assert_int_equal(code, EXIT_INTERNAL);
	if (!strstr(said, strerror(EFBIG)) && !strstr(said, "the disk is full"))
		fail_msg("%s", said);
	free(said);
	assert_int_equal(number("SELECT count(*) FROM stacks"), 0);
	assert_int_equal(see_sight(&sight), 0);
	assert_int_equal(number("SELECT count(*) FROM stacks"), 2);
	free(long_text);
	store_close(store);
}

static void an_iteration_that_fails_half_way_leaves_nothing(void **state)
{
	(void)state;
	struct store *store = open_store();
	struct finding finding = sample("data-race-a"), *out;
	int64_t run = begin_run(store, 0);
	char **tests;
	size_t count;
	const char *late[] = { "t::a" };
	struct occurrence two[] = { { &finding, 1, "a", NULL, 1 }, { &finding, 1, "b", NULL, 1 } };
	struct store_iteration iteration = { .run = run,
					     .next_slice = 7,
					     .occurrences = two,
					     .occurrence_count = 2,
					     .leftovers = late,
					     .leftover_count = 1 };
	/* the deck, which is written after findings and leftovers, refuses */
	sql("CREATE TRIGGER refuse BEFORE UPDATE ON deck BEGIN SELECT RAISE(ABORT, 'no'); END");
	assert_int_equal(store_iteration(store, &iteration), EXIT_INTERNAL);
	assert_int_equal(store_findings(store, run, &out, &count), 0);
	assert_int_equal(count, 0);
	free(out);
	assert_int_equal(store_leftovers(store, &tests, &count), 0);
	assert_int_equal(count, 0);
	free(tests);
	sql("DROP TRIGGER refuse");
	assert_int_equal(store_iteration(store, &iteration), 0);
	assert_int_equal(store_findings(store, run, &out, &count), 0);
	assert_int_equal(out[0].run_count, 2);
	finding_clear(out);
	free(out);
	store_close(store);
}

static void a_kill_at_any_moment_leaves_whole_iterations(void **state)
{
	(void)state;
	store_close(open_store());
	for (unsigned round = 0; round < 10; round++) {
		int ready[2];
		char byte;
		assert_int_equal(pipe(ready), 0);
		pid_t child = fork();
		if (child == 0) {
			struct store *store = NULL;
			struct finding a = sample("data-race-a"), b = sample("data-race-b");
			if (store_open(path, &store) != 0)
				_exit(1);
			int64_t run = begin_run(store, 0);
			for (uint64_t i = 1;; i++) {
				struct occurrence two[] = { { &a, 1, "a", NULL, 1 },
							    { &b, 1, "a", NULL, 1 } };
				struct store_iteration one = { .run = run,
							       .iterations_done = i,
							       .occurrences = two,
							       .occurrence_count = 2 };
				store_iteration(store, &one);
				(void)!write(ready[1], "x", 1);
			}
		}
		close(ready[1]);
		for (unsigned i = 0; i < 1 + round; i++)
			assert_int_equal(read(ready[0], &byte, 1), 1);
		kill(child, SIGKILL);
		waitpid(child, NULL, 0);
		close(ready[0]);

		struct store *store = open_store();
		struct store_run run;
		bool found;
		store_run_get(store, 0, &run, &found);
		assert_true(run.iterations_done >= 1 + round);
		assert_int_equal(history(store, run.id, "data-race-a").run_count,
				 run.iterations_done);
		assert_int_equal(history(store, run.id, "data-race-b").run_count,
				 run.iterations_done);
		store_run_clear(&run);
		store_close(store);
	}
}

static void others_may_read_while_a_run_writes(void **state)
{
	(void)state;
	struct store *store = open_store();
	struct finding finding = sample("data-race-a");
	int64_t run = begin_run(store, 0);
	sqlite3 *reader;
	sqlite3_stmt *row;
	assert_int_equal(sqlite3_open_v2(path, &reader, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_prepare_v2(reader, "SELECT count(*) FROM runs", -1, &row, NULL),
			 SQLITE_OK);
	assert_int_equal(sqlite3_step(row), SQLITE_ROW); /* its snapshot stays open */
	assert_int_equal(see(store, run, &finding, "a.1.0", 1), 0);
	sqlite3_finalize(row);
	sqlite3_close(reader);
	store_close(store);
}

static void what_repeats_a_finding_is_not_the_last_run(void **state)
{
	(void)state;
	struct store *store = open_store();
	struct finding finding = sample("data-race-000000000001");
	int64_t first = begin_run(store, 0), second = begin_run(store, 0);
	see(store, first, &finding, "a.1.0", 2);
	see(store, second, &finding, "a.2.0", 1);
	struct store_tries tries = { "repro", 20, 14, 0 }, sum;
	assert_int_equal(store_tries_put(store, second, finding.id, &tries), 0);
	struct store_run newest;
	bool found;
	assert_int_equal(store_run_get(store, 0, &newest, &found), 0);
	assert_int_equal(newest.id, first);
	store_run_clear(&newest);
	struct store_witness *witnesses;
	size_t count;
	assert_int_equal(store_witnesses(store, finding.id, &witnesses, &count), 0);
	assert_int_equal(count, 1);
	assert_string_equal(witnesses[0].token, "a.1.0");
	assert_string_equal(witnesses[0].test, "t.py::test");
	store_witnesses_free(witnesses, count);
	assert_int_equal(store_tries_of(store, finding.id, "repro", 0, second, &sum), 0);
	assert_int_equal(sum.tries, 20);
	assert_int_equal(sum.seen, 14);
	assert_int_equal(store_tries_of(store, finding.id, "repro", 0, first, &sum), 0);
	assert_int_equal(sum.tries, 0);
	/* It was another one, of the same entry, that came. */
	struct store_sighting *runs;
	struct finding other = sample("data-race-000000000002");
	see(store, first, &other, "a.1.0", 1);
	tries = (struct store_tries){ "verify-fix", 3, 1, 19 };
	int64_t third = begin_run(store, 0);
	assert_int_equal(store_tries_put(store, third, other.id, &tries), 0);
	assert_int_equal(store_sightings(store, other.id, &runs, &count), 0);
	assert_int_equal(runs[2].seen, 1);
	assert_int_equal(runs[2].tries, 3);
	assert_int_equal(runs[2].needed, 19);
	assert_int_equal(runs[1].tries, 0); /* of another finding */
	store_sightings_free(runs, count);
	store_close(store);
}

static void a_run_knows_the_turns_of_the_tests_that_showed_a_finding(void **state)
{
	(void)state;
	struct store *store = open_store();
	struct finding finding = sample("data-race-000000000001");
	int64_t first = begin_run(store, 0), second = begin_run(store, 0);
	see(store, first, &finding, "a.1.0", 2); /* by t.py::test */
	const char *const turns[] = { "t.py::test", "other.py", "t.py::test" };
	struct store_iteration iteration = { .run = second, .turns = turns, .turn_count = 3 };
	assert_int_equal(store_iteration(store, &iteration), 0);
	iteration.turn_count = 1;
	assert_int_equal(store_iteration(store, &iteration), 0);
	struct run_info info = { .settings = (char *[]){ (char *)"jobs", (char *)"2", (char *)"gil",
							 (char *)"off" },
				 .setting_count = 2 };
	assert_int_equal(store_run_end(store, second, RUN_FINISHED, &info), 0);
	struct store_sighting *runs;
	size_t count;
	assert_int_equal(store_sightings(store, finding.id, &runs, &count), 0);
	assert_int_equal(count, 2);
	assert_int_equal(runs[0].seen, 1);
	assert_int_equal(runs[0].turns, 0);
	assert_string_equal(runs[0].ways, "");
	assert_int_equal(runs[1].seen, 0);
	assert_int_equal(runs[1].turns, 3);
	assert_string_equal(runs[1].ways, "gil off"); /* how many jobs does not matter */
	store_sightings_free(runs, count);
	struct report_turns *tests;
	assert_int_equal(store_turns(store, second, &tests, &count), 0);
	assert_int_equal(count, 2);
	assert_string_equal(tests[0].test, "other.py");
	assert_int_equal(tests[0].turns, 1);
	assert_int_equal(tests[1].turns, 3);
	store_turns_free(tests, count);
	assert_int_equal(store_turns(store, first, &tests, &count), 0);
	assert_int_equal(count, 0);
	assert_int_equal(store_turns(store, 0, &tests, &count), 0); /* of all runs */
	assert_int_equal(count, 2);
	store_turns_free(tests, count);
	struct store_found *found;
	assert_int_equal(store_runs(store, &found, &count), 0);
	assert_int_equal(count, 2);
	assert_int_equal(found[0].findings, 1);
	assert_int_equal(found[0].fresh, 1);
	assert_int_equal(found[1].findings, 0);
	for (size_t i = 0; i < count; i++)
		store_run_clear(&found[i].run);
	free(found);
	store_close(store);
}

static void the_beginning_of_an_id_is_enough_if_it_is_the_only_one(void **state)
{
	(void)state;
	struct store *store = open_store();
	struct finding one = sample("data-race-00000000000a"),
		       two = sample("data-race-00000000000b"), found;
	bool is;
	int64_t run = begin_run(store, 0);
	see(store, run, &one, "a.1.0", 1);
	assert_int_equal(store_find(store, "data-race-0", &found, &is), 0);
	assert_true(is);
	assert_string_equal(found.id, one.id);
	finding_clear(&found);
	see(store, run, &two, "a.1.0", 1);
	assert_int_equal(store_find(store, "data-race-0", &found, &is), EXIT_BAD_INPUT);
	assert_int_equal(store_find(store, two.id, &found, &is), 0);
	assert_string_equal(found.id, two.id);
	assert_int_equal(found.replay_count, 1); /* of all runs */
	assert_int_equal(found.test_count, 1);
	finding_clear(&found);
	assert_int_equal(store_find(store, "crash", &found, &is), 0);
	assert_false(is);
	store_close(store);
}

/* A query that fails is told, not taken for an answer without rows. */
static void what_cannot_be_read_is_an_error(void **state)
{
	(void)state;
	static const char *const damages[] = {
		"ALTER TABLE findings RENAME COLUMN first_seen TO gone",
		"PRAGMA foreign_keys=OFF; DROP TABLE tests",
		"PRAGMA foreign_keys=OFF; DROP TABLE tokens",
	};
	for (size_t i = 0; i < sizeof damages / sizeof *damages; i++) {
		struct store *store = open_store();
		int64_t run = begin_run(store, 0);
		struct finding finding = sample("data-race-000000000001"), *findings;
		size_t count;
		assert_int_equal(see(store, run, &finding, "a.1.0", 1), 0);
		assert_int_equal(store_findings(store, run, &findings, &count), 0);
		assert_int_equal(count, 1);
		finding_clear(findings);
		free(findings);
		sql(damages[i]);
		assert_int_equal(store_findings(store, run, &findings, &count), EXIT_INTERNAL);
		assert_int_equal(count, 0);
		store_close(store);
		fresh(NULL);
	}
}

/* SQLite's handler of progress: the statement ends with an error at the third call. */
static int stop_soon(void *calls)
{
	return ++*(int *)calls > 2;
}

/* Rows that came before the error are neither given to the caller nor lost to the leak check. */
static void what_stops_half_way_gives_nothing(void **state)
{
	(void)state;
	struct store *store = open_store();
	sql("WITH RECURSIVE n(i) AS (SELECT 1 UNION SELECT i + 1 FROM n WHERE i < 1000)"
	    " INSERT INTO leftovers(test) SELECT 't.py::test' || i FROM n");
	sql("INSERT INTO failures SELECT test, 'ValueError' FROM leftovers");
	char **tests;
	struct store_failure *failures;
	size_t count;
	int calls = 0;
	sqlite3_progress_handler(store->db, 1000, stop_soon, &calls);
	assert_int_equal(store_leftovers(store, &tests, &count), EXIT_INTERNAL);
	assert_true(calls > 2);
	assert_int_equal(count, 0);
	assert_null(tests);
	calls = 0;
	assert_int_equal(store_failures(store, &failures, &count), EXIT_INTERNAL);
	assert_true(calls > 2);
	assert_int_equal(count, 0);
	assert_null(failures);
	store_close(store);
}

static void an_option_without_a_value_is_left_out(void **state)
{
	(void)state;
	struct store *store = open_store();
	int64_t run = begin_run(store, 0);
	struct run_info info;
	bool found;
	sql("UPDATE runs SET info = '{\"settings\": [\"threads\", \"2-8\", \"gil\"]}'");
	assert_int_equal(store_run_info(store, run, &info, &found), 0);
	assert_true(found);
	assert_int_equal(info.setting_count, 1);
	assert_string_equal(info.settings[1], "2-8");
	run_info_clear(&info);
	store_close(store);
}

/* ---- with the collator ---- */

static const struct finding *add_failure(struct collator *collator, const char *token)
{
	struct iteration_context context = { .zygote = 1, .zygote_pid = 1, .replay = token };
	struct finding failure = { .kind = FINDING_TEST_FAILURE,
				   .title = xstrdup("test fails: ValueError"),
				   .test_count = 1 };
	failure.tests = xcalloc(1, sizeof *failure.tests);
	failure.tests[0] = xstrdup("t.py::test[1]");
	return collator_add(collator, &context, &failure);
}

static struct collator *open_collator(struct store *store, int64_t run)
{
	struct collate_options options = { .command = "ftstress", .store = store, .run = run };
	return collator_open(&options);
}

static void save(struct collator *collator, struct store *store, int64_t run)
{
	struct store_iteration iteration = { .run = run, .iterations_done = 1 };
	iteration.occurrences = collator_occurrences(collator, &iteration.occurrence_count);
	assert_int_equal(store_iteration(store, &iteration), 0);
	collator_occurrences_done(collator);
}

static void the_second_run_knows_what_the_first_found(void **state)
{
	(void)state;
	static const enum finding_status expected[] = { STATUS_NEW, STATUS_KNOWN };
	for (unsigned i = 0; i < 2; i++) {
		struct store *store = open_store();
		int64_t run = begin_run(store, 0);
		struct collator *collator = open_collator(store, run);
		assert_int_equal(add_failure(collator, "a.1.0")->status, expected[i]);
		save(collator, store, run);
		const struct finding *finding = add_failure(collator, "a.2.0");
		assert_int_equal(finding->status, expected[i]);
		assert_int_equal(finding->run_count, 2);
		assert_int_equal(finding->count, 2 + 2 * i);
		save(collator, store, run);
		collator_close(collator);
		store_close(store);
	}
}

static void a_run_taken_up_again_goes_on_counting(void **state)
{
	(void)state;
	struct store *store = open_store();
	int64_t run = begin_run(store, 0);
	struct collator *collator = open_collator(store, run);
	add_failure(collator, "a.1.0");
	save(collator, store, run);
	collator_close(collator); /* cut off */

	assert_int_equal(store_run_reopen(store, run), 0);
	collator = open_collator(store, run);
	size_t count;
	const struct finding *const *all = collator_findings(collator, &count);
	assert_int_equal(count, 1);
	assert_int_equal(all[0]->status, STATUS_NEW);
	assert_string_equal(all[0]->replays[0], "a.1.0");
	const struct finding *finding = add_failure(collator, "a.2.0");
	assert_int_equal(finding->run_count, 2);
	assert_int_equal(finding->replay_count, 2);
	collator_close(collator);
	store_close(store);
}

#define TEST(name) cmocka_unit_test_setup(name, fresh)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_new_store_is_empty),
		TEST(a_file_that_is_no_database_is_left_alone),
		TEST(another_programs_database_is_left_alone),
		TEST(half_of_a_store_is_told_and_left_alone),
		TEST(an_older_store_is_taken_on_with_all_that_it_has),
		TEST(a_change_of_schema_that_fails_leaves_the_store_as_it_is),
		TEST(what_repeats_a_finding_is_not_the_last_run),
		TEST(a_run_knows_the_turns_of_the_tests_that_showed_a_finding),
		TEST(the_beginning_of_an_id_is_enough_if_it_is_the_only_one),
		TEST(a_newer_schema_is_refused),
		TEST(a_folder_that_is_not_there_is_told),
		TEST(a_folder_in_its_place_is_told),
		TEST(a_run_is_stored_with_what_resuming_needs),
		TEST(the_facts_of_a_run_come_back),
		TEST(a_finding_is_known_if_an_earlier_run_had_it),
		TEST(what_the_resumed_run_had_stays_new),
		TEST(whether_the_order_as_written_shows_it_is_kept),
		TEST(a_finding_comes_back_complete),
		TEST(evidence_that_there_is_not_is_none),
		TEST(findings_share_frames_and_stacks),
		TEST(the_pairs_of_a_run_keep_their_findings),
		TEST(a_table_of_pairs_that_is_no_square_is_left_out),
		TEST(a_report_of_an_old_run_has_that_runs_findings),
		TEST(tests_that_did_not_run_wait_and_leave_when_they_ran),
		TEST(a_full_disk_loses_nothing_that_was_stored),
		TEST(a_disk_that_is_full_at_a_stack_is_told_and_no_other_stack_is_written),
		TEST(an_iteration_that_fails_half_way_leaves_nothing),
		TEST(a_kill_at_any_moment_leaves_whole_iterations),
		TEST(others_may_read_while_a_run_writes),
		TEST(the_second_run_knows_what_the_first_found),
		TEST(a_run_taken_up_again_goes_on_counting),
		TEST(what_cannot_be_read_is_an_error),
		TEST(what_stops_half_way_gives_nothing),
		TEST(an_option_without_a_value_is_left_out),
	};
	if (!mkdtemp(folder))
		return 1;
	cmocka_set_message_output(CM_OUTPUT_TAP);
	int failures = cmocka_run_group_tests(tests, NULL, NULL);
	char *command = xprintf("rm -rf %s", folder);
	failures += system(command) != 0;
	free(command);
	free(path);
	return failures;
}
