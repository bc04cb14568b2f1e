/* scratch.c - folders of killed runs are removed, those of living runs never. */
#include "runner/base/util.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "runner/setup/scratch.h"

static char base[] = "/tmp/ftstress-scratch-XXXXXX";

/* A folder whose process, by its number, is not there. */
static char *gone_folder(const char *name)
{
	char *path = xprintf("%s/ftstress-run-2147483647-%s", base, name);
	assert_int_equal(mkdir(path, 0700), 0);
	return path;
}

static void make_and_remove(void)
{
	char *path;
	assert_int_equal(scratch_make(&path), 0);
	scratch_remove(path, path);
	free(path);
}

static void the_folder_of_a_killed_run_is_removed(void **state)
{
	(void)state;
	char *path = gone_folder("killed");
	make_and_remove();
	assert_int_not_equal(access(path, F_OK), 0);
	free(path);
}

static void the_folder_of_a_run_in_another_container_stays(void **state)
{
	(void)state;
	char *path = gone_folder("alive");
	int fd = open(path, O_RDONLY | O_DIRECTORY);
	assert_int_equal(flock(fd, LOCK_EX | LOCK_NB), 0);
	make_and_remove();
	assert_int_equal(access(path, F_OK), 0);
	close(fd);
	make_and_remove();
	assert_int_not_equal(access(path, F_OK), 0);
	free(path);
}

static void a_run_keeps_its_folder_locked(void **state)
{
	(void)state;
	char *path;
	assert_int_equal(scratch_make(&path), 0);
	int fd = open(path, O_RDONLY | O_DIRECTORY);
	assert_int_not_equal(flock(fd, LOCK_EX | LOCK_NB), 0);
	close(fd);
	scratch_remove(path, path);
	free(path);
}

static int make_base(void **state)
{
	(void)state;
	return !mkdtemp(base) || setenv("TMPDIR", base, 1);
}

static int remove_base(void **state)
{
	(void)state;
	return rmdir(base);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_folder_of_a_killed_run_is_removed),
		cmocka_unit_test(the_folder_of_a_run_in_another_container_stays),
		cmocka_unit_test(a_run_keeps_its_folder_locked),
	};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, make_base, remove_base);
}
