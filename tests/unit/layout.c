/* layout.c - where this program's own structures have their members, read from its debug information. */
#include "runner/symbols/layout.h"
#include "runner/base/util.h"
#include "ftstress/layouts.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

/* As a build could have them that moved members. The names are CPython's. */
typedef struct _object {
	uint64_t ob_tid;
	union {
		struct {
			uint16_t ob_flags;
			uint8_t ob_mutex;
		};
		uint64_t all;
	};
	struct _typeobject *ob_type;
} PyObject;

struct _PyInterpreterFrame {
	uint64_t moved[3];
	struct _PyInterpreterFrame *previous;
	char owner;
};

typedef struct {
	PyObject ob_base;
	struct {
		unsigned int interned : 8;
		unsigned int kind : 3;
	} state;
} PyASCIIObject;

typedef struct {
	struct {
		uint64_t before;
		uint32_t ob_digit[1];
	} long_value;
} PyLongObject;

enum owner { FRAME_OWNED_BY_THREAD, FRAME_OWNED_BY_CSTACK = 5 };

/* Debug information has what is used. */
static PyObject object;
static struct _PyInterpreterFrame frame;
static PyASCIIObject ascii;
static PyLongObject number;
static volatile enum owner owner;

static struct fts_layout read_own(void)
{
	struct buf text = { 0 };
	struct fts_layout layout;
	assert_true(layout_read("/proc/self/exe", "3.99.1", &text));
	assert_int_equal(
		strncmp(text.data, FTS_LAYOUT_MAGIC "3.99.1\n", sizeof FTS_LAYOUT_MAGIC - 1 + 7),
		0);
	assert_true(layout_parse(&layout, text.data, text.length));
	buf_free(&text);
	return layout;
}

static void members_are_where_the_compiler_put_them(void **state)
{
	(void)state;
	struct fts_layout layout = read_own();
	assert_int_equal(layout.frame_previous, offsetof(struct _PyInterpreterFrame, previous));
	assert_int_equal(layout.frame_owner, offsetof(struct _PyInterpreterFrame, owner));
	assert_int_equal(layout.frame_size, sizeof(struct _PyInterpreterFrame));
	assert_int_equal(layout.object_type, offsetof(PyObject, ob_type));
	assert_int_equal(layout.int_digit, offsetof(PyLongObject, long_value.ob_digit));
}

static void members_in_structures_without_a_name_count_from_the_outside(void **state)
{
	(void)state;
	assert_int_equal(read_own().object_mutex, offsetof(PyObject, ob_mutex));
}

static void bits_count_from_the_member_that_they_lie_in(void **state)
{
	(void)state;
	struct fts_layout layout = read_own();
	assert_int_equal(layout.str_state, offsetof(PyASCIIObject, state));
	assert_int_equal(layout.str_kind, 8);
}

static void an_enumerator_is_the_first_of_its_names_that_there_is(void **state)
{
	(void)state;
	assert_int_equal(read_own().frame_entry, FRAME_OWNED_BY_CSTACK);
}

static void what_there_is_not_is_none(void **state)
{
	(void)state;
	struct fts_layout layout = read_own();
	assert_int_equal(layout.frame_globals, FTS_LAYOUT_NONE);
	assert_int_equal(layout.tstate_current_frame, FTS_LAYOUT_NONE);
	assert_int_equal(layout.told_thread_state_next, FTS_LAYOUT_NONE);
}

static void a_stripped_file_has_no_layout(void **state)
{
	(void)state;
	char folder[] = "/tmp/ftstress-layout-XXXXXX";
	assert_non_null(mkdtemp(folder));
	char *path = xprintf("%s/stripped", folder);
	char *own = realpath("/proc/self/exe", NULL);
	char *command = xprintf("strip -g -o %s '%s'", path, own);
	assert_int_equal(system(command), 0);
	struct buf text = { 0 };
	assert_false(layout_read(path, "3.99.1", &text));
	assert_null(layout_file(folder, path, "3.99.1"));
	assert_int_equal(text.length, 0);
	unlink(path);
	rmdir(folder);
	free(path);
	free(own);
	free(command);
}

static void a_file_is_made_once_for_a_build(void **state)
{
	(void)state;
	char folder[] = "/tmp/ftstress-layout-XXXXXX";
	assert_non_null(mkdtemp(folder));
	char *path = layout_file(folder, "/proc/self/exe", "3.99.1"), *again;
	struct stat made, same;
	assert_non_null(path);
	assert_int_equal(stat(path, &made), 0);
	again = layout_file(folder, "/proc/self/exe", "3.99.1");
	assert_string_equal(path, again);
	assert_int_equal(stat(again, &same), 0);
	assert_int_equal(made.st_ino, same.st_ino);
	unlink(path);
	char *inner = xprintf("%s/layout", folder);
	rmdir(inner);
	rmdir(folder);
	free(inner);
	free(path);
	free(again);
}

static const char *const names[] = { FTS_LAYOUT_NAMES };

static void each_release_has_a_line_for_all_that_is_asked(void **state)
{
	(void)state;
	struct fts_layout layout;
	for (size_t i = 0; i < sizeof fts_layout_texts / sizeof *fts_layout_texts; i++) {
		const struct fts_layout_text *of = &fts_layout_texts[i];
		char *release = layout_release(of->major, of->minor);
		char *begin = xprintf("%u.%u.", of->major, of->minor);
		char *text = xstrndup(of->text, of->length);
		assert_int_equal(strncmp(release, begin, strlen(begin)), 0);
		assert_true(layout_of_release(&layout, of->major, of->minor));
		assert_int_equal(layout.object_type, 24);
		for (size_t j = 0; j < FTS_LAYOUT_COUNT; j++) {
			char *line = xprintf("\n%s ", names[j]);
			if (!strstr(text, line))
				fail_msg("%s has no line for %s", release, names[j]);
			free(line);
		}
		free(release);
		free(begin);
		free(text);
	}
	assert_false(layout_of_release(&layout, 2, 7));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(members_are_where_the_compiler_put_them),
		cmocka_unit_test(members_in_structures_without_a_name_count_from_the_outside),
		cmocka_unit_test(bits_count_from_the_member_that_they_lie_in),
		cmocka_unit_test(an_enumerator_is_the_first_of_its_names_that_there_is),
		cmocka_unit_test(what_there_is_not_is_none),
		cmocka_unit_test(a_stripped_file_has_no_layout),
		cmocka_unit_test(a_file_is_made_once_for_a_build),
		cmocka_unit_test(each_release_has_a_line_for_all_that_is_asked),
	};
	owner = FRAME_OWNED_BY_THREAD;
	object.ob_tid = frame.moved[0] = number.long_value.before = ascii.state.kind = owner;
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
