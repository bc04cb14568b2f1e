/* news.c - what a run announces on the terminal, and what it does not. */
/* Before cmocka, whose fail() is a macro. */
#include "runner/base/util.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "reports/settle.h"
#include "runner/run/news.h"
#include "runner/store/store.h"

/* What was printed since the last call; to be freed. */
static FILE *caught;

static int catch_messages(void **state)
{
	(void)state;
	caught = tmpfile();
	return caught && dup2(fileno(caught), STDERR_FILENO) >= 0 ? 0 : -1;
}

static void assert_said(const char *text)
{
	char said[4096];
	fflush(stderr);
	rewind(caught);
	size_t length = fread(said, 1, sizeof said - 1, caught);
	said[length] = '\0';
	rewind(caught);
	assert_int_equal(ftruncate(fileno(caught), 0), 0);
	assert_string_equal(said, text);
}

static void see(struct collator *collator, enum finding_kind kind, const char *id,
		const char *because)
{
	const char *test = "test_a";
	struct iteration_context context = { .replay = "1.0.0", .tests = &test, .test_count = 1 };
	struct finding finding = { .kind = kind,
				   .id = xstrdup(id),
				   .title = xstrdup("something"),
				   .because = xstrdup(because),
				   .cause = xstrdup(because) };
	collator_add(collator, &context, &finding);
}

static void each_new_finding_is_announced_once(void **state)
{
	(void)state;
	struct news news = { .collator = collator_open(&(struct collate_options){ .suite = "s" }) };
	see(news.collator, FINDING_DATA_RACE, "data-race-1", NULL);
	see(news.collator, FINDING_DATA_RACE, "data-race-2", NULL);
	see(news.collator, FINDING_DATA_RACE, "data-race-1", NULL);
	news_findings(&news);
	assert_said(
		"ftstress: new: data-race-1  something\nftstress: new: data-race-2  something\n");
	/* They stay in the list till they are stored, and come again. */
	news_findings(&news);
	collator_occurrences_done(news.collator);
	see(news.collator, FINDING_DATA_RACE, "data-race-2", NULL);
	news_findings(&news);
	assert_said("");
	see(news.collator, FINDING_DATA_RACE, "data-race-3", NULL);
	news.quiet = true;
	news_findings(&news);
	assert_said("");
	news.quiet = false; /* it counts as announced */
	news_findings(&news);
	assert_said("");
	collator_close(news.collator);
	news_clear(&news);
}

/* A store in which an earlier run has seen the race. */
static struct store *store_with(const char *id, char *path, int64_t *run)
{
	struct store *store;
	struct store_run record = { .seed = 1 };
	strcpy(path, "/tmp/ftstress-news-XXXXXX");
	int fd = mkstemp(path);
	assert_true(fd >= 0);
	close(fd);
	unlink(path);
	assert_int_equal(store_open(path, &store), 0);
	assert_int_equal(store_run_begin(store, &record, run), 0);
	struct collator *earlier = collator_open(
		&(struct collate_options){ .suite = "s", .store = store, .run = *run });
	see(earlier, FINDING_DATA_RACE, id, NULL);
	struct store_iteration iteration = { .run = *run };
	iteration.occurrences = collator_occurrences(earlier, &iteration.occurrence_count);
	assert_int_equal(store_iteration(store, &iteration), 0);
	collator_occurrences_done(earlier);
	collator_close(earlier);
	assert_int_equal(store_run_begin(store, &record, run), 0);
	return store;
}

static void what_is_known_is_no_news_nor_is_what_comes_of_it(void **state)
{
	(void)state;
	char path[64];
	int64_t run;
	struct store *store = store_with("data-race-1", path, &run);
	struct collate_options options = {
		.suite = "s", .store = store, .run = run, .settle = settle_findings
	};
	struct news news = { .collator = collator_open(&options) };
	see(news.collator, FINDING_DATA_RACE, "data-race-1", NULL);
	see(news.collator, FINDING_CRASH, "crash-1", "data-race-1");
	news_findings(&news);
	assert_said("");
	/* A crash that nobody knows the cause of is. */
	see(news.collator, FINDING_OUT_OF_MEMORY, "out-of-memory-1", NULL);
	news_findings(&news);
	assert_said("ftstress: new: out-of-memory-1  something\n");
	collator_close(news.collator);
	news_clear(&news);
	store_close(store);
	unlink(path);
}

static void notes_are_printed_only_if_asked_for_and_kept_in_any_case(void **state)
{
	(void)state;
	size_t count;
	struct news news = { .collator = collator_open(&(struct collate_options){ .suite = "s" }) };
	news_note(&news, "%d tests", 3);
	assert_said("");
	news.verbose = true;
	news_note(&news, "%d more", 2);
	assert_said("ftstress: 2 more\n");
	assert_string_equal(collator_notes(news.collator, &count)[0], "3 tests");
	assert_int_equal(count, 2);
	collator_close(news.collator);
	news_clear(&news);
}

static void of_many_errors_the_first_are_printed(void **state)
{
	(void)state;
	struct news news = { .collator = collator_open(&(struct collate_options){ .suite = "s" }) };
	for (int i = 0; i < 7; i++) {
		char line[] = "a.py: no module x";
		line[0] = (char)('a' + i);
		news_error(&news, line, "Traceback");
		news_unimported(&news, i < 6 ? "a.py" : "g.py", "a.py: no module x");
	}
	assert_said("ftstress: a.py: no module x\nftstress: b.py: no module x\n"
		    "ftstress: c.py: no module x\nftstress: d.py: no module x\n"
		    "ftstress: e.py: no module x\n"
		    "ftstress: further messages of this kind are in the report\n");
	assert_string_equal(news.first_error, "a.py: no module x\nTraceback");
	assert_int_equal(news.unimported_count, 2);
	assert_string_equal(news.unimported_why, "no module x");
	collator_close(news.collator);
	news_clear(&news);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_new_finding_is_announced_once),
		cmocka_unit_test(what_is_known_is_no_news_nor_is_what_comes_of_it),
		cmocka_unit_test(notes_are_printed_only_if_asked_for_and_kept_in_any_case),
		cmocka_unit_test(of_many_errors_the_first_are_printed),
	};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, catch_messages, NULL);
}
