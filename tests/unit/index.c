/* index.c - index.html of an output folder. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "runner/base/util.h"
#include "runner/run/index.h"
#include "runner/store/store.h"

#include <cmocka.h>

static char folder[] = "/tmp/ftstress-index-XXXXXX";

static int make_folder(void **state)
{
	(void)state;
	setenv("TZ", "UTC", 1);
	tzset();
	return mkdtemp(folder) ? 0 : -1;
}

static void put(const char *name, const char *text)
{
	char *path = xprintf("%s/%s", folder, name);
	FILE *file = fopen(path, "w");
	assert_non_null(file);
	fputs(text, file);
	fclose(file);
	free(path);
}

static char *got(const char *name)
{
	char *path = xprintf("%s/%s", folder, name);
	char *text = read_file(path, NULL);
	free(path);
	return text;
}

/* A run of the suite that begins at this moment and sees so many findings, numbered from 1. */
static void run(const char *suite, int64_t started, unsigned findings)
{
	char *path = xprintf("%s/%s.db", folder, suite);
	struct store *store;
	int64_t id;
	const struct store_run begun = { .started = started };
	assert_int_equal(store_open(path, &store), 0);
	assert_int_equal(store_run_begin(store, &begun, &id), 0);
	for (unsigned i = 1; i <= findings; i++) {
		char *name = xprintf("data-race-%012u", i);
		struct finding finding = { .id = name, .kind = FINDING_DATA_RACE };
		struct occurrence one = { &finding, 1, "a.0.0", "t.py", started };
		const struct store_iteration iteration = {
			.run = id, .iterations_done = 3, .occurrences = &one, .occurrence_count = 1
		};
		assert_int_equal(store_iteration(store, &iteration), 0);
		free(name);
	}
	assert_int_equal(store_run_end(store, id, RUN_FINISHED, NULL), 0);
	store_close(store);
	free(path);
}

static void all_runs_of_all_suites_are_listed_the_newest_first(void **state)
{
	(void)state;
	const int64_t day = 86400, first = 1700000000; /* 2023-11-14 22:13:20 */
	run("mine", first, 2);
	run("mine", first + day, 3);
	run("a<b>&c", first + 2 * day, 0);
	put("mine-20231114-221500.html", "");
	put("mine-20231115-221500.html", "");
	put("a<b>&c-20231116-223000.html", "");
	put("mine-more-20231116-000000.html", ""); /* another suite's */
	put("broken.db", "no store");
	put("cut.db", "SQLite format 3");
	index_write(folder);
	char *page = got("index.html");
	assert_non_null(page);
	assert_non_null(strstr(page, "<h1>3 runs of 2 suites</h1>"));
	const char *other = strstr(page, "<a href=\"a%3Cb%3E%26c-20231116-223000.html\">"
					 "2023-11-16 22:13</a></th><td>a&lt;b&gt;&amp;c<");
	const char *second =
		strstr(page, "<a href=\"mine-20231115-221500.html\">2023-11-15 22:13</a></th>"
			     "<td>mine</td><td class=\"n wide\">2</td><td class=\"n wide\">3</td>"
			     "<td class=\"n\">3</td><td class=\"n\"><strong>1</strong>");
	const char *one =
		strstr(page, "<a href=\"mine-20231114-221500.html\">2023-11-14 22:13</a>");
	assert_non_null(other);
	assert_true(second > other && one > second);
	assert_non_null(strstr(page, "findings of the last 2 runs, 3 at the most"));
	assert_null(strstr(page, "broken"));
	assert_null(strstr(page, "a<b>"));
	free(page);
	assert_null(got("index.html.tmp"));
	/* what is not a store is left as it is */
	char *text = got("broken.db");
	assert_string_equal(text, "no store");
	free(text);
}

static void a_run_whose_times_are_damaged_is_listed(void **state)
{
	(void)state;
	run("odd", INT64_MAX, 1);
	run("odd", INT64_MIN, 1);
	index_write(folder);
	char *page = got("index.html");
	assert_non_null(strstr(page, "<th scope=\"row\">?</th><td>odd</td>"));
	free(page);
}

static void a_folder_without_a_run_gets_no_page(void **state)
{
	(void)state;
	char empty[] = "/tmp/ftstress-index-XXXXXX";
	assert_non_null(mkdtemp(empty));
	index_write(empty);
	assert_int_equal(rmdir(empty), 0);
}

static int remove_folder(void **state)
{
	(void)state;
	char *command = xprintf("rm -r %s", folder);
	int status = system(command);
	free(command);
	return status;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_runs_of_all_suites_are_listed_the_newest_first),
		cmocka_unit_test(a_run_whose_times_are_damaged_is_listed),
		cmocka_unit_test(a_folder_without_a_run_gets_no_page),
	};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
