/* release.c - a Python that is laid out in another way than its layout says is told. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "interpose/python/release.c"

#include "ftstress/pythons.h"

static const struct python_release made = { .major = 3, .minor = 14 };
static const struct python_release older = { .major = 3, .minor = 89 };
const struct python_release *const python_releases[] = { &made, &older, NULL };

const char *python_probe(void)
{
	return NULL;
}

static union {
	char cookie[8];
	uint8_t bytes[2048];
} told;
static struct fts_layout layout;

static uint32_t *place(unsigned index)
{
	return &layout.all[index];
}

static void tell(unsigned i, uint64_t value)
{
	memcpy(&told.bytes[*place(told_twice[i].told)], &value, sizeof value);
}

/* As ftstress's own build of 3.14 is. */
static int set_up(void **state)
{
	(void)state;
	memset(&told, 0, sizeof told);
	memcpy(told.cookie, FTS_TOLD_COOKIE, 8);
	told.bytes[FTS_TOLD_FREE_THREADED] = 1;
	unsetenv(FTS_ENV_LAYOUT);
	if (!read_layout(&made))
		return -1;
	layout = python_at;
	for (unsigned i = 0; i < sizeof told_twice / sizeof *told_twice; i++)
		tell(i, *place(told_twice[i].is));
	return 0;
}

static void a_python_as_its_layout_says_is_known(void **state)
{
	(void)state;
	const char *why = "";
	assert_true(python_layout_matches(&layout, &told, &why));
}

static void every_member_that_is_told_elsewhere_is_named(void **state)
{
	(void)state;
	for (unsigned i = 0; i < sizeof told_twice / sizeof *told_twice; i++) {
		const char *why = NULL;
		uint32_t was = *place(told_twice[i].is);
		tell(i, was + 8u);
		assert_false(python_layout_matches(&layout, &told, &why));
		assert_non_null(strstr(why, names[told_twice[i].is]));
		tell(i, was);
	}
}

static void the_message_says_what_is_where(void **state)
{
	(void)state;
	const char *why = NULL;
	uint64_t at = 80;
	memcpy(&told.bytes[layout.told_thread_state_current_frame], &at, sizeof at);
	assert_false(python_layout_matches(&layout, &told, &why));
	assert_string_equal(why, "this Python is not laid out as its release usually is: "
				 "PyThreadState.current_frame is 80, not 72");
}

static void an_object_header_that_differs_from_what_is_compiled_in_is_told(void **state)
{
	(void)state;
	for (unsigned i = 0; i < sizeof fixed / sizeof *fixed; i++) {
		const char *why = NULL;
		struct fts_layout was = layout;
		*place(fixed[i].is) += 4;
		layout.told_pyobject_ob_type = FTS_LAYOUT_NONE;
		assert_false(python_layout_matches(&layout, &told, &why));
		assert_non_null(strstr(why, names[fixed[i].is]));
		layout = was;
	}
}

static void a_python_with_the_gil_or_without_offsets_is_told(void **state)
{
	(void)state;
	const char *why = NULL;
	told.bytes[FTS_TOLD_FREE_THREADED] = 0;
	assert_false(python_layout_matches(&layout, &told, &why));
	assert_string_equal(why, "this Python is not free-threaded");
	told.cookie[0] = 'y';
	assert_false(python_layout_matches(&layout, &told, &why));
	assert_non_null(strstr(why, "_PyRuntime"));
}

static void what_is_missing_turns_off_only_what_needs_it(void **state)
{
	(void)state;
	const char *why = NULL;
	layout.lock_mutex = FTS_LAYOUT_NONE;
	assert_true(python_layout_matches(&layout, &told, &why));
	assert_true(has(&layout, FTS_NEED_VARIABLES, &why));
	assert_false(has(&layout, FTS_NEED_LOCKS, &why));
	assert_string_equal(why, "this Python has no lockobject.lock");
	layout.code_names = FTS_LAYOUT_NONE;
	assert_false(python_layout_matches(&layout, &told, &why));
	assert_string_equal(why, "this Python has no PyCodeObject.co_names");
}

/* A file of the build goes before the release's. */
static void a_build_with_a_member_moved_is_read_as_its_file_says(void **state)
{
	(void)state;
	char path[] = "/tmp/ftstress-layout-XXXXXX";
	int fd = mkstemp(path);
	FILE *file = fd < 0 ? NULL : fdopen(fd, "w");
	assert_non_null(file);
	fprintf(file, FTS_LAYOUT_MAGIC "3.14.6\n");
	for (unsigned i = 0; i < FTS_LAYOUT_COUNT; i++)
		if (*place(i) != FTS_LAYOUT_NONE)
			fprintf(file, "%s %u\n", names[i],
				*place(i) + 8 * (i == PLACE(tstate_current_frame)));
	fclose(file);
	setenv(FTS_ENV_LAYOUT, path, 1);
	assert_true(read_layout(&made));
	unlink(path);
	assert_int_equal(python_at.tstate_current_frame, 80);
	assert_int_equal(python_at.told_unicode_object_state, layout.told_unicode_object_state);
	const char *why = NULL;
	assert_false(python_layout_matches(&python_at, &told, &why));
	assert_non_null(strstr(why, "as its debug information says: PyThreadState.current_frame"));
	uint64_t at = 80;
	memcpy(&told.bytes[layout.told_thread_state_current_frame], &at, sizeof at);
	assert_true(python_layout_matches(&python_at, &told, &why));
}

static void a_file_that_is_none_gives_way_to_the_release(void **state)
{
	(void)state;
	setenv(FTS_ENV_LAYOUT, "/dev/null", 1);
	assert_true(read_layout(&made));
	assert_memory_equal(&python_at, &layout, sizeof layout);
}

static void a_release_is_found_by_its_version(void **state)
{
	(void)state;
	assert_ptr_equal(find(0x030e0200), &made);
	assert_ptr_equal(find(0x035900f0), &older);
	assert_null(find(0x03580000));
	assert_string_equal(text, "ftstress does not know this Python, only 3.14 and 3.89");
	assert_null(find(0));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup(name, set_up)
	const struct CMUnitTest tests[] = {
		TEST(a_python_as_its_layout_says_is_known),
		TEST(every_member_that_is_told_elsewhere_is_named),
		TEST(the_message_says_what_is_where),
		TEST(an_object_header_that_differs_from_what_is_compiled_in_is_told),
		TEST(a_python_with_the_gil_or_without_offsets_is_told),
		TEST(what_is_missing_turns_off_only_what_needs_it),
		TEST(a_build_with_a_member_moved_is_read_as_its_file_says),
		TEST(a_file_that_is_none_gives_way_to_the_release),
		TEST(a_release_is_found_by_its_version),
	};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
