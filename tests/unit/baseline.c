/* baseline.c - a file that people read and write says which findings fail no run. */
/* Before cmocka, whose fail() is a macro. */
#include "runner/base/util.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "runner/collate/baseline.h"

#define A "data-race-00000000000a"
#define B "use-after-free-00000000000b"
#define C "data-race-00000000000c"

static enum baseline_match match(const char *text, const char *id)
{
	const char *why;
	struct baseline *baseline = baseline_new("2026-11-30");
	assert_int_equal(baseline_parse(baseline, "b.ini", text), 0);
	enum baseline_match found = baseline_match(baseline, id, &why);
	baseline_free(baseline);
	return found;
}

static void a_block_is_its_id_and_those_told_with_it(void **state)
{
	(void)state;
	const char *text = "; a comment\n[" A "]\ntitle = x = y ; z\nalso = " B ", " C "\n";
	assert_int_equal(match(text, A), BASELINE_HAS);
	assert_int_equal(match(text, B), BASELINE_HAS);
	assert_int_equal(match(text, C), BASELINE_HAS);
	assert_int_equal(match(text, "data-race-00000000000d"), BASELINE_HAS_NOT);
	assert_int_equal(match("", A), BASELINE_HAS_NOT);
}

static void the_last_day_still_counts(void **state)
{
	(void)state;
	assert_int_equal(match("[" A "]\nexpires = 2026-11-30\n", A), BASELINE_HAS);
	assert_int_equal(match("[" A "]\r\n\texpires=2026-11-29\r\n", A), BASELINE_EXPIRED);
	assert_int_equal(match("[" A "]\nexpires =\n", A), BASELINE_HAS);
}

static void the_reason_and_the_place_are_told(void **state)
{
	(void)state;
	const char *why;
	struct baseline *baseline = baseline_new("2026-11-30");
	baseline_parse(baseline, "b.ini", "\n[" A "]\nreason = #12, later\n");
	baseline_match(baseline, A, &why);
	assert_string_equal(why, "baseline b.ini:2: #12, later");
	baseline_free(baseline);
}

static void a_line_that_cant_be_meant_is_refused(void **state)
{
	(void)state;
	static const char *const bad[] = {
		"title = x\n",
		"[" A "]\nexpiry = 2026-12-01\n",
		"[" A "]\nexpires = 1.12.2026\n",
		"[" A "]\nexpires = 2026-13-01\n",
		"[data-race-xyz]\n",
		"[no-such-kind-00000000000a]\n",
		"[" A "]\nalso = data-race\n",
		"[" A "\n",
		"something\n",
	};
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		struct baseline *baseline = baseline_new("2026-11-30");
		if (baseline_parse(baseline, "b.ini", bad[i]) != EXIT_BAD_INPUT)
			fail_msg("was taken: %s", bad[i]);
		baseline_free(baseline);
	}
}

static void what_was_not_seen_or_has_expired_is_told(void **state)
{
	(void)state;
	size_t count;
	struct baseline *baseline = baseline_new("2026-11-30");
	baseline_parse(baseline, "b.ini",
		       "[" A "]\n[" B "]\ntitle = the pool\n[" C "]\nexpires = 2026-01-01\n");
	baseline_seen(baseline, A);
	baseline_seen(baseline, C);
	char **notes = baseline_notes(baseline, &count);
	assert_int_equal(count, 2);
	assert_non_null(strstr(notes[0], C " (b.ini:4) expired on 2026-01-01: it was seen"));
	assert_non_null(strstr(notes[1], "1 of the 3 entries"));
	assert_non_null(strstr(notes[1], B " (b.ini:2: the pool)"));
	strings_free(notes, count);
	baseline_free(baseline);
}

static void an_update_adds_and_leaves_what_people_wrote(void **state)
{
	(void)state;
	const char *const ids[] = { A, B, C };
	const struct baseline_entry entries[] = { { "first\ntitle", ids, 1 },
						  { "second", ids + 1, 2 } };
	size_t added, grown;
	char *text = baseline_with(NULL, entries, 2, &added, &grown);
	assert_int_equal(added, 2);
	assert_non_null(strstr(text, "\n[" A "]\ntitle = first title\nreason =\nexpires =\n"));
	assert_non_null(strstr(text, "\n[" B "]\ntitle = second\nalso = " C "\nreason =\n"));
	/* The same again changes nothing. */
	char *again = baseline_with(text, entries, 2, &added, &grown);
	assert_string_equal(again, text);
	assert_int_equal(added + grown, 0);
	free(again);
	free(text);
	/* A block grows, whichever of its ids is known; the rest stays. */
	text = baseline_with("; mine\n[" C "]\nreason = why\n", entries + 1, 1, &added, &grown);
	assert_string_equal(text, "; mine\n[" C "]\nalso = " B "\nreason = why\n");
	assert_int_equal(added, 0);
	assert_int_equal(grown, 1);
	free(text);
}

int main(void)
{
	const struct CMUnitTest all[] = {
		cmocka_unit_test(a_block_is_its_id_and_those_told_with_it),
		cmocka_unit_test(the_last_day_still_counts),
		cmocka_unit_test(the_reason_and_the_place_are_told),
		cmocka_unit_test(a_line_that_cant_be_meant_is_refused),
		cmocka_unit_test(what_was_not_seen_or_has_expired_is_told),
		cmocka_unit_test(an_update_adds_and_leaves_what_people_wrote),
	};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(all, NULL, NULL);
}
