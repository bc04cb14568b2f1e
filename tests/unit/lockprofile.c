/* lockprofile.c - where threads wait, over all processes of a run. */
/* Before cmocka, whose fail() is a macro. */
#include "runner/base/util.h"
#include "runner/model/lock_kind.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "ftstress/locks.h"
#include "runner/locks/lockprofile.h"

static void add(struct lockprofile *profile, char *class, const char *where, double waited,
		double longest_wait, double longest_hold)
{
	struct lockname name = { .name = class, .class = class };
	struct lockprofile_times times = { 2, waited, longest_wait, longest_hold };
	lockprofile_add(profile, &name, FTS_LOCK_RLOCK, where, &times);
}

static void release(struct lockprofile *profile, struct run_lock *locks, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		free(locks[i].name);
		free(locks[i].where);
	}
	free(locks);
	lockprofile_free(profile);
}

static void the_times_of_a_class_come_together(void **state)
{
	(void)state;
	struct lockprofile *profile = lockprofile_new();
	size_t count;
	add(profile, "a", "x.py:1", 3, 2, 1);
	add(profile, "a", "x.py:2", 4, 3, 0.5);
	add(profile, "a", "x.py:3", 1, 0.5, 7);
	struct run_lock *locks = lockprofile_most(profile, &count);
	assert_int_equal(count, 1);
	assert_string_equal(locks[0].kind, "threading.RLock");
	assert_int_equal(locks[0].waits, 6);
	assert_true(locks[0].waited > 7.9 && locks[0].waited < 8.1);
	assert_true(locks[0].longest_wait > 2.9 && locks[0].longest_wait < 3.1);
	assert_true(locks[0].longest_hold > 6.9 && locks[0].longest_hold < 7.1);
	assert_string_equal(locks[0].where, "x.py:2");
	release(profile, locks, count);
}

static void the_ten_with_the_most_waiting_are_told(void **state)
{
	(void)state;
	struct lockprofile *profile = lockprofile_new();
	size_t count;
	for (int i = 0; i < 15; i++) {
		char name[8] = { (char)('a' + i) };
		add(profile, name, "x.py:1", i, i, i);
	}
	struct run_lock *locks = lockprofile_most(profile, &count);
	assert_int_equal(count, 10);
	assert_string_equal(locks[0].name, "o");
	assert_string_equal(locks[9].name, "f");
	release(profile, locks, count);
}

static void kinds_are_found_by_their_name(void **state)
{
	(void)state;
	assert_string_equal(lock_kind_parse("PyMutex"), "PyMutex");
	assert_string_equal(lock_kind_parse("nothing"), "lock");
	assert_string_equal(lock_kind_parse(NULL), "lock");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_times_of_a_class_come_together),
		cmocka_unit_test(the_ten_with_the_most_waiting_are_told),
		cmocka_unit_test(kinds_are_found_by_their_name),
	};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
