/* What of a suite stays in the cache, and what goes. */
#include "runner/base/util.h"

#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "runner/setup/cache.h"

static char base[] = "/tmp/ftstress-cache-XXXXXX";

/* Makes a folder with a file in it, last used so many hours ago. */
static void make(const char *name, int hours)
{
	char *path = xprintf("%s/pairs/%s", base, name), *file = xprintf("%s/corpus.json", path);
	assert_int_equal(make_folders(path), 0);
	fclose(fopen(file, "w"));
	struct timespec times[2] = { 0 };
	times[0].tv_sec = times[1].tv_sec = time(NULL) - hours * 3600;
	assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
	free(file);
	free(path);
}

static bool is_there(const char *name)
{
	char *path = xprintf("%s/pairs/%s", base, name);
	bool found = access(path, F_OK) == 0;
	free(path);
	return found;
}

static int setup(void **state)
{
	(void)state;
	return mkdtemp(base) ? 0 : -1;
}

static int teardown(void **state)
{
	(void)state;
	remove_tree(base);
	return access(base, F_OK) == 0 ? -1 : 0;
}

static void test_what_no_run_used_for_a_day_goes(void **state)
{
	(void)state;
	const struct paths paths = { .cache = base };
	make("mine-0000000000000001", 50);
	make("mine-0000000000000002", 49);
	make("mine-0000000000000003.812", 48); /* of a run that was killed */
	make("mine-0000000000000004", 47);
	make("mine-0000000000000005", 46);
	make("mine-0000000000000006", 23);
	make("mine-0000000000000007", 22);
	make("mine-too-0000000000000001", 90); /* another suite's */
	make("mine-0000000000000001-x", 90);   /* somebody's */
	cache_trim(&paths, "pairs", "mine");
	assert_false(is_there("mine-0000000000000001"));
	assert_false(is_there("mine-0000000000000002"));
	assert_false(is_there("mine-0000000000000003.812"));
	assert_true(is_there("mine-0000000000000004"));
	assert_true(is_there("mine-0000000000000005"));
	assert_true(is_there("mine-0000000000000006"));
	assert_true(is_there("mine-0000000000000007"));
	assert_true(is_there("mine-too-0000000000000001"));
	assert_true(is_there("mine-0000000000000001-x"));
}

static void test_what_a_run_uses_stays(void **state)
{
	(void)state;
	const struct paths paths = { .cache = base };
	const char *names[] = { "its-000000000000000a", "its-000000000000000b",
				"its-000000000000000c", "its-000000000000000d",
				"its-000000000000000e", "its-000000000000000f" };
	for (int i = 0; i < 6; i++)
		make(names[i], 60 - i);
	char *oldest = xprintf("%s/pairs/%s", base, names[0]);
	cache_used(oldest);
	free(oldest);
	cache_trim(&paths, "pairs", "its");
	assert_true(is_there(names[0]));
	assert_false(is_there(names[1]));
	assert_false(is_there(names[2]));
	assert_true(is_there(names[3]));
	cache_trim(&paths, "nothing", "its"); /* no such folder */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_no_run_used_for_a_day_goes),
		cmocka_unit_test(test_what_a_run_uses_stays),
	};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, setup, teardown);
}
