/* release.c - a Python that is laid out in another way than its release's row says is told. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "interpose/python/release.c"

#include "ftstress/pythons.h"

#define FIRST 10 /* the word that tells the first field */

/* A release that tells all its fields, one a word; those that are compiled in are as they are. */
static struct python_offsets table;
static const struct python_release made = {
	.major = 3, .minor = 90, .at = &table, .free_threaded = 2
};
static const struct python_release older = { .major = 3, .minor = 89, .at = &table };
const struct python_release *const python_releases[] = { &made, &older, NULL };

const char *python_probe(const struct python_release *release)
{
	(void)release;
	return NULL;
}

static union {
	char cookie[8];
	uint64_t words[FIRST + FIELDS];
} told;

static struct python_field *field_of(unsigned index)
{
	return &(&table.tstate_interpreter)[index];
}

static int set_up(void **state)
{
	(void)state;
	memset(&told, 0, sizeof told);
	memcpy(told.cookie, "xdebugpy", 8);
	told.words[2] = 1;
	for (unsigned i = 0; i < FIELDS; i++)
		*field_of(i) =
			(struct python_field){ (uint16_t)(1000 + 8 * i), (uint8_t)(FIRST + i), 0 };
	for (unsigned i = 0; i < sizeof fixed / sizeof *fixed; i++)
		field_of(fixed[i].field)->at = fixed[i].at;
	table.tstate_state.behind = 12;
	for (unsigned i = 0; i < FIELDS; i++)
		told.words[FIRST + i] = (uint64_t)(field_of(i)->at - field_of(i)->behind);
	return 0;
}

static void a_python_as_its_row_says_is_known(void **state)
{
	(void)state;
	const char *why = "";
	assert_true(python_layout_matches(&made, &told, &why));
	assert_null(why);
}

static void every_field_that_is_told_elsewhere_is_named(void **state)
{
	(void)state;
	for (unsigned i = 0; i < FIELDS; i++) {
		const char *why = NULL;
		told.words[FIRST + i] += 8;
		assert_false(python_layout_matches(&made, &told, &why));
		assert_non_null(strstr(why, field_names[i]));
		told.words[FIRST + i] -= 8;
	}
}

static void the_message_says_what_is_where(void **state)
{
	(void)state;
	const char *why = NULL;
	told.words[FIRST + offsetof(struct python_offsets, tstate_state) /
				   sizeof(struct python_field)] += 4;
	assert_false(python_layout_matches(&made, &told, &why));
	assert_string_equal(why, "this Python 3.90 is not laid out as ftstress knows it (a debug "
				 "build, or patched): tstate_state is at 1012, not at 1008");
}

static void a_table_that_differs_from_what_is_compiled_in_is_told(void **state)
{
	(void)state;
	for (unsigned i = 0; i < sizeof fixed / sizeof *fixed; i++) {
		const char *why = NULL;
		struct python_field *field = field_of(fixed[i].field), was = *field;
		*field = (struct python_field){ (uint16_t)(was.at + 4), 0, 0 };
		assert_false(python_layout_matches(&made, &told, &why));
		assert_non_null(strstr(why, field_names[fixed[i].field]));
		*field = was;
	}
}

static void a_python_with_the_gil_or_without_offsets_is_told(void **state)
{
	(void)state;
	const char *why = NULL;
	told.words[2] = 0;
	assert_false(python_layout_matches(&made, &told, &why));
	assert_string_equal(why, "this Python is not free-threaded");
	told.cookie[0] = 'y';
	assert_false(python_layout_matches(&made, &told, &why));
	assert_non_null(strstr(why, "_PyRuntime"));
}

static void a_release_is_found_by_its_version(void **state)
{
	(void)state;
	assert_ptr_equal(find(0x035a0200), &made);
	assert_ptr_equal(find(0x035900f0), &older);
	assert_null(find(0x03580000));
	assert_string_equal(text, "ftstress does not know this Python, only 3.90 and 3.89");
	assert_null(find(0));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(a_python_as_its_row_says_is_known, set_up),
		cmocka_unit_test_setup(every_field_that_is_told_elsewhere_is_named, set_up),
		cmocka_unit_test_setup(the_message_says_what_is_where, set_up),
		cmocka_unit_test_setup(a_table_that_differs_from_what_is_compiled_in_is_told,
				       set_up),
		cmocka_unit_test_setup(a_python_with_the_gil_or_without_offsets_is_told, set_up),
		cmocka_unit_test(a_release_is_found_by_its_version),
	};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
