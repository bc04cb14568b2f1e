/* drivers.c - the runner knows the drivers that the driver package lists. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "runner/base/util.h"
#include "runner/setup/drivers.h"
#include "runner/setup/paths.h"

/* Last: it defines a macro of the name of util.h's fail(). */
#include <cmocka.h>

static char folder[] = "/tmp/ftstress-drivers-XXXXXX";

static int make_folder(void **state)
{
	(void)state;
	char *deep = mkdtemp(folder) ? xprintf("%s/ftstress_driver/drivers", folder) : NULL;
	int error = deep ? make_folders(deep) : -1;
	free(deep);
	return error;
}

static int remove_folder(void **state)
{
	(void)state;
	char *command = xprintf("rm -rf %s", folder);
	int status = system(command);
	free(command);
	return status;
}

static int load(const char *text, struct drivers *drivers)
{
	char *path = xprintf("%s/ftstress_driver/drivers/list.txt", folder);
	FILE *out = fopen(path, "w");
	assert_non_null(out);
	fputs(text, out);
	fclose(out);
	free(path);
	return drivers_load(drivers, folder);
}

static void a_line_is_a_driver(void **state)
{
	(void)state;
	struct drivers drivers;
	assert_int_equal(
		load("# all\n\nfirst\tnames\nsecond   files # paths\nown types\n", &drivers), 0);
	assert_int_equal(drivers.count, 3);
	assert_false(driver_find(&drivers, "first")->files);
	assert_true(driver_find(&drivers, "second")->files);
	assert_null(driver_find(&drivers, "own")); /* not for suite files */
	assert_null(driver_find(&drivers, "third"));
	drivers_clear(&drivers);
}

static void a_line_that_is_none_is_told(void **state)
{
	(void)state;
	struct drivers drivers;
	assert_int_equal(load("first names\nsecond paths\n", &drivers), EXIT_INTERNAL);
	assert_int_equal(drivers.count, 0);
	assert_int_equal(load("first\n", &drivers), EXIT_INTERNAL);
	assert_int_equal(drivers_load(&drivers, "/nowhere"), EXIT_INTERNAL);
}

static void the_list_of_the_tree_has_what_its_suites_need(void **state)
{
	(void)state;
	struct drivers drivers;
	assert_int_equal(drivers_load(&drivers, "stress"), 0);
	assert_false(driver_find(&drivers, "pytest")->files);
	assert_true(driver_find(&drivers, "script")->files);
	drivers_clear(&drivers);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_line_is_a_driver),
		cmocka_unit_test(a_line_that_is_none_is_told),
		cmocka_unit_test(the_list_of_the_tree_has_what_its_suites_need),
	};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
