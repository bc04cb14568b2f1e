/* known_upstream.c - CPython's own list of known races, as it lies in the cache of sources. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <glob.h>

#include "runner/collate/suppress.h"
#include "runner/base/util.h"

#include <cmocka.h>

/* A race whose stack is these C functions. */
static size_t match(const struct suppressions *set, const char *first, const char *second)
{
	struct frame frames[] = {
		{ FRAME_C, (char *)first, (char *)"/src/Objects/x.c", 1, (char *)"libpython.so",
		  false, false },
		{ FRAME_C, (char *)second, (char *)"/src/Objects/y.c", 1, (char *)"libpython.so",
		  false, false },
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_list_in_the_cache_is_read_whole),
		cmocka_unit_test(a_listed_race_is_upstream_and_others_are_not),
	};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
