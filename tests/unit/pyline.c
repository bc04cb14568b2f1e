/* pyline.c - the line of a bytecode instruction. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "runner/symbols/pyline.h"

#include <cmocka.h>

/* co_linetable of a function with loops, a comprehension, with, try, 27 empty lines and finally,
 * by CPython 3.14.6; then the line of each instruction as its co_lines() tells, 0 = none. */
static const uint8_t table[] = {
	128, 0,  216, 8,   9,   141, 5,   128, 65,  228, 18,  23,  152, 1,   148, 40,  243, 3,   2,
	9,   20, 217, 18,  26,  136, 81,  216, 12,  13,  137, 70,  244, 5,   0,   10,  15,  136, 17,
	136, 81, 143, 21,  136, 21,  217, 18,  26,  240, 3,   0,   5,   6,   240, 0,   2,   9,   20,
	240, 6,  38,  5,   18,  220, 13,  17,  144, 33,  143, 87,  140, 87,  152, 6,   216, 20,  26,
	224, 20, 21,  240, 5,   2,   20,  23,  247, 3,   0,   14,  21,  137, 87,  243, 70,  1,   0,
	18,  19, 136, 65,  148, 69,  152, 33,  216, 12,  13,  216, 15,  16,  246, 5,   2,   21,  18,
	146, 17, 249, 242, 79,  1,   2,   9,   20,  247, 8,   0,   14,  21,  143, 87,  251, 244, 8,
	0,   13, 23,  220, 12,  21,  240, 3,   1,   12,  23,  244, 0,   2,   5,   34,  228, 14,  26,
	160, 1,  208, 8,   33,  251, 240, 5,   2,   5,   34,  250, 240, 9,   0,   14,  21,  243, 70,
	1,   0,  18,  19,  136, 65,  148, 69,  152, 33,  216, 12,  13,  216, 15,  16,  246, 5,   2,
	21,  18, 147, 17,  248, 147, 17,  136, 65,  148, 69,  152, 33,  216, 12,  13,  216, 15,  16,
	246, 5,  2,   21,  18,  146, 17,  250,
};
static const int lines[] = {
	1,  2,  2,  2,  2,  2,  2,  2,  2,  4,  4,  4,  4,  4,  4,  4,  4,  4,  4,  4,  3,  3,
	3,  3,  4,  4,  4,  5,  5,  5,  3,  3,  3,  3,  3,  3,  3,  3,  3,  3,  3,  3,  3,  3,
	3,  3,  4,  4,  3,  3,  6,  7,  7,  7,  7,  7,  7,  7,  7,  7,  7,  7,  7,  7,  7,  7,
	7,  7,  7,  7,  7,  8,  10, 8,  7,  7,  7,  7,  7,  7,  7,  7,  7,  7,  42, 42, 42, 42,
	42, 42, 42, 42, 42, 42, 42, 43, 44, 42, 42, 42, 42, 42, 42, 42, 42, 42, 42, 0,  0,  3,
	3,  3,  7,  7,  7,  7,  7,  7,  7,  7,  7,  7,  7,  7,  7,  7,  7,  7,  0,  0,  0,  0,
	11, 11, 11, 11, 11, 12, 12, 12, 12, 12, 11, 11, 11, 11, 11, 11, 13, 13, 13, 13, 13, 13,
	13, 0,  0,  0,  0,  11, 0,  0,  0,  7,  42, 42, 42, 42, 42, 42, 42, 42, 42, 42, 42, 43,
	44, 42, 42, 42, 42, 42, 42, 42, 42, 42, 42, 42, 0,  42, 42, 42, 42, 42, 42, 42, 42, 42,
	42, 42, 43, 44, 42, 42, 42, 42, 42, 42, 42, 42, 42, 42, 0,  0,  0,
};

static void every_instruction_has_the_line_that_cpython_tells(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < sizeof lines / sizeof *lines; i++)
		assert_int_equal(pyline(table, sizeof table, 1, i), lines[i]);
}

static void lines_count_from_the_first_line(void **state)
{
	(void)state;
	assert_int_equal(pyline(table, sizeof table, 101, 1), lines[1] + 100);
}

static void an_instruction_behind_the_table_has_no_line(void **state)
{
	(void)state;
	uint32_t end = sizeof lines / sizeof *lines;
	assert_int_equal(pyline(table, sizeof table, 1, end), 0);
	assert_int_equal(pyline(table, sizeof table, 1, 0xffff), 0);
	assert_int_equal(pyline(NULL, 0, 1, 0), 0);
}

static void a_large_step_back_takes_several_bytes(void **state)
{
	(void)state;
	/* one unit, +100 lines: svarint 200; then one unit, -99: svarint 199 */
	const uint8_t far[] = { 0x80 | 13 << 3, 0x40 | (200 & 63), 200 >> 6,
				0x80 | 13 << 3, 0x40 | (199 & 63), 199 >> 6 };
	assert_int_equal(pyline(far, sizeof far, 1, 0), 101);
	assert_int_equal(pyline(far, sizeof far, 1, 1), 2);
}

static void a_broken_table_ends_the_search(void **state)
{
	(void)state;
	uint8_t cut[sizeof table];
	for (size_t length = 0; length < sizeof table; length++) {
		for (size_t i = 0; i < length; i++)
			cut[i] = table[i];
		for (uint32_t i = 0; i < sizeof lines / sizeof *lines; i++)
			assert_true(pyline(cut, length, 1, i) >= 0);
	}
	for (size_t i = 0; i < sizeof table; i++) /* not one entry starts */
		cut[i] = 0x7f;
	assert_true(pyline(cut, sizeof cut, 1, 3) >= 0);
}

static void entries_of_each_kind_are_read(void **state)
{
	(void)state;
	/* 2 bytes each: +1 with columns, no line, +3 without columns, one line further and back */
	static const uint8_t kinds[] = {
		0x80 | 11 << 3,     1,    2,          /* one line further: columns 1 to 2 */
		0x80 | 15 << 3,                       /* no line */
		0x80 | 13 << 3 | 1, 6,                /* 4 bytes, 3 lines further */
		0x80 | 14 << 3,     3,    0,    1, 1, /* 1 line back, end line and columns */
		0x80 | 13 << 3,     0x40, 0x02,       /* 64 lines further: a number in two bytes */
	};
	assert_int_equal(pyline(kinds, sizeof kinds, 100, 0), 101);
	assert_int_equal(pyline(kinds, sizeof kinds, 100, 1), 0);
	assert_int_equal(pyline(kinds, sizeof kinds, 100, 2), 104);
	assert_int_equal(pyline(kinds, sizeof kinds, 100, 3), 104);
	assert_int_equal(pyline(kinds, sizeof kinds, 100, 4), 103);
	assert_int_equal(pyline(kinds, sizeof kinds, 100, 5), 167);
	assert_int_equal(pyline(kinds, sizeof kinds, 100, 6), 0);       /* behind the end */
	assert_int_equal(pyline(kinds, sizeof kinds - 1, 100, 5), 103); /* cut short */
	assert_int_equal(pyline(NULL, 0, 100, 0), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(entries_of_each_kind_are_read),
		cmocka_unit_test(every_instruction_has_the_line_that_cpython_tells),
		cmocka_unit_test(lines_count_from_the_first_line),
		cmocka_unit_test(an_instruction_behind_the_table_has_no_line),
		cmocka_unit_test(a_large_step_back_takes_several_bytes),
		cmocka_unit_test(a_broken_table_ends_the_search),
	};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
