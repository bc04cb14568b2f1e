/* safety.c - what a maintainer puts into the documentation says what the table of the pairs says. */
/* Before cmocka, whose fail() is a macro. */
#include "runner/base/util.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "reports/report.h"

/* Box: get is clean with all, add and its variant race with themselves and pop, pop|pop crashes; copy
 * was never exercised, len not with everything. */
static char *operations[] = { (char *)"get", (char *)"add", (char *)"add#2",
			      (char *)"pop", (char *)"len", (char *)"copy" };
static char states[] = ".....?"
		       "....r?"
		       ".r.r.?"
		       "...C.?"
		       ".r...?"
		       "??????";

static char *written(const char *format, bool pairs)
{
	struct run_type type = { .name = (char *)"m.Box",
				 .operations = operations,
				 .operation_count = 6,
				 .uncalled = (char *[]){ (char *)"feed" },
				 .uncalled_count = 1,
				 .states = states,
				 .by_state = { [CELL_CLEAN] = 11,
					       [CELL_NOT_EXERCISED] = 6,
					       [CELL_ORDERED] = 1,
					       [CELL_RACE] = 2,
					       [CELL_CRASH] = 1 } };
	/* Symmetric, as the matrix makes it. */
	states[1 * 6 + 2] = states[2 * 6 + 1] = 'r';
	states[2 * 6 + 3] = states[3 * 6 + 2] = 'r';
	states[1 * 6 + 4] = states[4 * 6 + 1] = '.';
	states[4 * 6 + 4] = '?';
	struct run_info run = { .types = &type,
				.type_count = pairs,
				.version = (char *)"0.1.0",
				.python_version = (char *)"3.14.6" };
	struct report_input input = { .run = &run };
	char *text = NULL;
	size_t length = 0;
	FILE *out = open_memstream(&text, &length);
	assert_int_equal(report_find(format)->write(out, &input), 0);
	fclose(out);
	return text;
}

static void has(const char *text, const char *part)
{
	if (!strstr(text, part))
		fail_msg("no \"%s\" in:\n%s", part, text);
}

static void markdown_has_a_table_of_what_must_be_kept_apart(void **state)
{
	(void)state;
	char *text = written("md", true);
	has(text, "# Thread safety\n\n## Thread safety for `m.Box` objects\n");
	has(text,
	    "21 pairs, of which 11 showed no data race and 6 were not exercised, 1 was ordered by a lock that is about "
	    "something else (Python 3.14.6)");
	has(text, "**Safe on shared objects.** ");
	has(text, ": `get`\\*, `len`\\*.\n\n\\* Not exercised with every other operation.\n");
	has(text, "| Operation | Not at the same time as |\n| --- | --- |\n"
		  "| `add` | `add`, `pop` |\n"
		  "| `pop` | `add`, `pop` (crash) |\n\n");
	has(text, "**Not exercised.** `copy`, `feed`: nothing is known.\n");
	free(text);
}

static void restructured_text_says_the_same(void **state)
{
	(void)state;
	char *text = written("rst", true);
	has(text, "Thread safety\n*************\n\n"
		  "Thread safety for ``m.Box`` objects\n===================================\n");
	has(text, ": ``get``\\*, ``len``\\*.\n");
	has(text, ".. list-table::\n   :header-rows: 1\n\n   * - Operation\n"
		  "     - Not at the same time as\n   * - ``add``\n     - ``add``, ``pop``\n"
		  "   * - ``pop``\n     - ``add``, ``pop`` (crash)\n\n");
	free(text);
}

static void a_run_without_pairs_says_so(void **state)
{
	(void)state;
	char *text = written("md", false);
	has(text, "No pairs of operations were run: see --pairs.\n");
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(markdown_has_a_table_of_what_must_be_kept_apart),
		cmocka_unit_test(restructured_text_says_the_same),
		cmocka_unit_test(a_run_without_pairs_says_so),
	};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
