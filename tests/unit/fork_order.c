/*
 * fork_order.c - the concerns' locks are taken for a fork in the order in which they nest: core.c
 * alone, with concerns that write down that they were called.
 */
#undef _GNU_SOURCE /* core.c defines it */
#include "interpose/core.c"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static char called[100];

static void note(char what)
{
	size_t length = strlen(called);
	assert_true(length + 1 < sizeof called);
	called[length] = what;
}

#define CONCERN(concern_name, letter)                                                              \
	static void letter##_before(void)                                                          \
	{                                                                                          \
		note(#letter[0]);                                                                  \
	}                                                                                          \
	static void letter##_after(bool in_child)                                                  \
	{                                                                                          \
		note(in_child ? #letter[0] : (char)(#letter[0] - 'a' + 'A'));                      \
	}                                                                                          \
	const struct concern concern_name = { .before_fork = letter##_before,                      \
					      .after_fork = letter##_after };

CONCERN(concern_heap, a)
CONCERN(concern_modules, b)
CONCERN(concern_cover, c)
CONCERN(concern_stacks, d)
CONCERN(concern_races, e)
CONCERN(concern_threads, f)
CONCERN(concern_crash, g)
CONCERN(concern_made, h)
CONCERN(concern_marks, i)
CONCERN(concern_freed, j)
CONCERN(concern_quarantine, k)
CONCERN(concern_counts, l)
CONCERN(concern_held, m)
CONCERN(concern_order, n)
CONCERN(concern_variables, o)
CONCERN(concern_locks, p)
CONCERN(concern_turns, q)
CONCERN(concern_meet, r)
CONCERN(concern_borrowing, s)

bool ring_init(const char **why)
{
	(void)why;
	return false;
}

bool ring_write(uint32_t type, const struct ring_part *parts, unsigned count)
{
	(void)type, (void)parts, (void)count;
	return false;
}

void ring_set_test(uint32_t index)
{
	(void)index;
}

void variables_test(bool runs)
{
	(void)runs;
}

void races_test_ends(void) {}
void variables_thread_ended(void) {}

void contended_test(bool runs)
{
	(void)runs;
}

void meet_begin(void) {}

void ring_forked(void)
{
	note('0');
}

void locks_profile_tell(bool at_last)
{
	(void)at_last;
}

static void before_a_fork_the_last_concern_comes_first(void **state)
{
	(void)state;
	memset(called, 0, sizeof called);
	before_fork();
	assert_string_equal(called, "srqponmlkjihgfedcba");
}

static void after_a_fork_the_first_concern_comes_first(void **state)
{
	(void)state;
	memset(called, 0, sizeof called);
	after_fork_parent();
	assert_string_equal(called, "ABCDEFGHIJKLMNOPQRS");
	memset(called, 0, sizeof called);
	after_fork_child();
	assert_string_equal(called, "0abcdefghijklmnopqrs");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(before_a_fork_the_last_concern_comes_first),
		cmocka_unit_test(after_a_fork_the_first_concern_comes_first),
	};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
