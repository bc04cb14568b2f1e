/* known_upstream.c - the lists of CPython's known races: its own, as they lie in the cache of
 * sources, and ours. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <glob.h>

#include "runner/collate/known.h"
#include "runner/collate/suppress.h"
#include "runner/base/util.h"

#include <cmocka.h>

/* A race whose stack is these C functions. */
static size_t match(const struct suppressions *set, const char *first, const char *second)
{
	struct frame frames[] = {
		{ FRAME_C, (char *)first, (char *)"/src/Objects/x.c", 1, (char *)"libpython.so",
		  false, false, false },
		{ FRAME_C, (char *)second, (char *)"/src/Objects/y.c", 1, (char *)"libpython.so",
		  false, false, false },
	};
	struct participant side = { .stack = { frames, 2 } };
	struct finding race = { .kind = FINDING_DATA_RACE,
				.participants = &side,
				.participant_count = 1 };
	return suppress_match(set, &race);
}

static void every_list_in_the_cache_is_read_whole(void **state)
{
	(void)state;
	const char *cache = getenv("FTSTRESS_CACHE"), *home = getenv("HOME");
	char *pattern = cache ? xprintf("%s/src/*/Tools/tsan/suppressions*.txt", cache)
			      : xprintf("%s/.cache/ftstress/src/*/Tools/tsan/suppressions*.txt",
					home ? home : "");
	glob_t found = { 0 };
	int status = glob(pattern, 0, NULL, &found);
	free(pattern);
	if (status != 0) {
		globfree(&found);
		skip(); /* no CPython was built here yet */
	}
	for (size_t i = 0; i < found.gl_pathc; i++) {
		struct suppressions *set = suppress_new();
		assert_int_equal(suppress_load(set, found.gl_pathv[i], STATUS_UPSTREAM), 0);
		suppress_free(set);
	}
	globfree(&found);
}

/* Lines of CPython 3.14's list. */
static const char list[] = "## Free-threaded suppressions\n"
			   "race_top:assign_version_tag\n"
			   "# gh-129068\n"
			   "race_top:rangeiter_next\n"
			   "thread:pthread_create\n"
			   "race:list_ass_slice_lock_held\n";

static void a_listed_race_is_upstream_and_others_are_not(void **state)
{
	(void)state;
	struct suppressions *set = suppress_new();
	enum finding_status status;
	assert_int_equal(suppress_parse(set, "list", list, STATUS_UPSTREAM), 0);
	size_t rule = match(set, "rangeiter_next", "builtin_sum");
	assert_string_equal(suppress_rule(set, rule, &status), "race_top:rangeiter_next");
	assert_int_equal(status, STATUS_UPSTREAM);
	assert_int_not_equal(match(set, "memmove", "list_ass_slice_lock_held"), SUPPRESS_NONE);
	assert_int_equal(match(set, "cycle_next", "rangeiter_next"), SUPPRESS_NONE);
	assert_int_equal(match(set, "list_resize", "pthread_create"), SUPPRESS_NONE);
	suppress_free(set);
}

static void a_list_of_ours_is_for_the_releases_that_its_name_says(void **state)
{
	(void)state;
	static const struct {
		const char *file, *version;
		bool is_for;
	} cases[] = {
		{ "3.13-3.14.txt", "3.14.6", true },     { "3.13-3.14.txt", "3.13.0", true },
		{ "3.13-3.14.txt", "3.15.0", false },    { "3.13-3.14.txt", "3.12.9", false },
		{ "3.14-3.14.6.txt", "3.14.6", true },   { "3.14-3.14.6.txt", "3.14.7", false },
		{ "3.14-3.14.6.txt", "3.14.10", false }, { "3.14.2-3.14.txt", "3.14.1", false },
		{ "3.14.2-3.14.txt", "3.14.10", true },  { "3.14-3.14.txt", "3.14.0rc1", true },
		{ "3.14.txt", "3.14.6", false },         { "notes.txt", "3.14.6", false },
		{ "3.13-3.14.txt~", "3.14.6", false },   { "3.13-3.14.txt", "", false },
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		assert_int_equal(known_is_for(cases[i].file, cases[i].version), cases[i].is_for);
}

static void our_lists_are_read_whole_and_name_known_races(void **state)
{
	(void)state;
	static const char *const known[] = { "func_set_name", "func_set_qualname", "groupby_step",
					     "groupby_next",  "_grouper_next",     "chain_next" };
	struct suppressions *set = suppress_new();
	assert_int_equal(known_load(set, "stress/known", "3.14.6"), 0);
	for (size_t i = 0; i < sizeof known / sizeof *known; i++)
		assert_int_not_equal(match(set, known[i], "builtin_next"), SUPPRESS_NONE);
	/* what it calls is another matter, and what is not on the list stays a finding */
	assert_int_equal(match(set, "cycle_next", "chain_next"), SUPPRESS_NONE);
	assert_int_equal(match(set, "func_set_code", "setter"), SUPPRESS_NONE);
	suppress_free(set);
	set = suppress_new();
	assert_int_equal(known_load(set, "stress/known", "3.15.0"), 0);
	assert_int_equal(match(set, "chain_next", "builtin_next"), SUPPRESS_NONE);
	suppress_free(set);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_list_in_the_cache_is_read_whole),
		cmocka_unit_test(a_listed_race_is_upstream_and_others_are_not),
		cmocka_unit_test(a_list_of_ours_is_for_the_releases_that_its_name_says),
		cmocka_unit_test(our_lists_are_read_whole_and_name_known_races),
	};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
