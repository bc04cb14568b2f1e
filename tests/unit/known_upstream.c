/* known_upstream.c - the lists of CPython's known races: its own, as they lie in the cache of
 * sources, and ours. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <fcntl.h>
#include <glob.h>
#include <stdio.h>
#include <unistd.h>

#include "runner/collate/known.h"
#include "runner/collate/suppress.h"
#include "runner/base/util.h"

#include <cmocka.h>

/* A race whose stack is these C functions. */
static size_t match(const struct suppressions *set, const char *first, const char *second)
{
	struct frame frames[] = {
		{ FRAME_C, (char *)first, (char *)"/src/Objects/x.c", 1, (char *)"libpython.so",
		  false, false, false },
		{ FRAME_C, (char *)second, (char *)"/src/Objects/y.c", 1, (char *)"libpython.so",
		  false, false, false },
	};
	struct participant side = { .stack = { frames, 2 } };
	struct finding race = { .kind = FINDING_DATA_RACE,
				.participants = &side,
				.participant_count = 1 };
	return suppress_match(set, &race);
}

static void every_list_in_the_cache_is_read_whole(void **state)
{
	(void)state;
	const char *cache = getenv("FTSTRESS_CACHE"), *home = getenv("HOME");
	char *pattern = cache ? xprintf("%s/src/*/Tools/tsan/suppressions*.txt", cache)
			      : xprintf("%s/.cache/ftstress/src/*/Tools/tsan/suppressions*.txt",
					home ? home : "");
	glob_t found = { 0 };
	int status = glob(pattern, 0, NULL, &found);
	free(pattern);
	if (status != 0) {
		globfree(&found);
		skip(); /* no CPython was built here yet */
	}
	for (size_t i = 0; i < found.gl_pathc; i++) {
		struct suppressions *set = suppress_new();
		assert_int_equal(suppress_load(set, found.gl_pathv[i], STATUS_UPSTREAM), 0);
		suppress_free(set);
	}
	globfree(&found);
}

/* Lines of CPython 3.14's list. */
static const char list[] = "## Free-threaded suppressions\n"
			   "race_top:assign_version_tag\n"
			   "# gh-129068\n"
			   "race_top:rangeiter_next\n"
			   "thread:pthread_create\n"
			   "race:list_ass_slice_lock_held\n";

static void a_listed_race_is_upstream_and_others_are_not(void **state)
{
	(void)state;
	struct suppressions *set = suppress_new();
	enum finding_status status;
	assert_int_equal(suppress_parse(set, "list", list, STATUS_UPSTREAM), 0);
	size_t rule = match(set, "rangeiter_next", "builtin_sum");
	assert_string_equal(suppress_rule(set, rule, &status), "race_top:rangeiter_next");
	assert_int_equal(status, STATUS_UPSTREAM);
	assert_int_not_equal(match(set, "memmove", "list_ass_slice_lock_held"), SUPPRESS_NONE);
	assert_int_equal(match(set, "cycle_next", "rangeiter_next"), SUPPRESS_NONE);
	assert_int_equal(match(set, "list_resize", "pthread_create"), SUPPRESS_NONE);
	suppress_free(set);
}

static void a_bug_is_in_the_releases_before_the_one_that_mends_it(void **state)
{
	(void)state;
	static const struct {
		const char *version, *since;
		const char *fixed[3];
		bool has;
	} cases[] = {
		{ "3.14.6", NULL, { NULL }, true },
		{ "3.14.6", "3.13", { NULL }, true },
		{ "3.12.9", "3.13", { NULL }, false },
		{ "3.14.1", "3.14.2", { NULL }, false },
		{ "3.14.10", "3.14.2", { "3.14.11" }, true },
		{ "3.14.6", "3.13", { "3.14.7" }, true },
		{ "3.14.7", "3.13", { "3.14.7" }, false },
		{ "3.14.10", "3.13", { "3.14.7" }, false },
		{ "3.13.15", "3.13", { "3.14.7" }, true }, /* mended in a newer series only */
		{ "3.15.0", "3.13", { "3.14.7" }, false }, /* ... and so in all behind it */
		{ "3.15.0", "3.13", { "3.15.1", "3.14.7" }, true },
		{ "3.14.8", "3.13", { "3.15.1", "3.14.7" }, false },
		{ "3.16.0", "3.13", { "3.15.1", "3.14.7" }, false },
		{ "3.15.0rc1", "3.13", { "3.15.0" }, false },
		{ "", "3.13", { NULL }, false },
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		size_t count = 0;
		while (cases[i].fixed[count])
			count++;
		bool has = known_has(cases[i].version, cases[i].since,
				     (char *const *)cases[i].fixed, count);
		if (has != cases[i].has)
			fail_msg("case %zu: %s", i, cases[i].version);
	}
}

static const char *told(const struct suppressions *set, size_t rule)
{
	enum finding_status status;
	assert_int_not_equal(rule, SUPPRESS_NONE);
	const char *says = suppress_rule(set, rule, &status);
	assert_int_equal(status, STATUS_UPSTREAM);
	return says;
}

static void our_lists_are_read_whole_and_say_what_is_known(void **state)
{
	(void)state;
	static const char *const known[] = { "func_set_name", "func_set_qualname", "groupby_step",
					     "groupby_next",  "_grouper_next",     "tee_next" };
	struct suppressions *set = suppress_new();
	assert_int_equal(known_load(set, "stress/known", "3.14.6"), 0);
	for (size_t i = 0; i < sizeof known / sizeof *known; i++)
		assert_int_not_equal(match(set, known[i], "builtin_next"), SUPPRESS_NONE);
	assert_string_equal(
		told(set, match(set, "chain_next", "builtin_next")),
		"upstream, fixed in 3.14.7: One itertools.chain that several threads use: "
		"its iterators are dropped while they are used. "
		"https://github.com/python/cpython/issues/123471");
	assert_int_equal(strncmp(told(set, match(set, "groupby_next", "f")),
				 "upstream, not fixed yet: One itertools.groupby", 46),
			 0);
	/* what it calls is another matter, and what is not on the list stays a finding */
	assert_int_equal(match(set, "cycle_next", "chain_next"), SUPPRESS_NONE);
	assert_int_equal(match(set, "func_set_code", "setter"), SUPPRESS_NONE);
	suppress_free(set);
	set = suppress_new();
	assert_int_equal(known_load(set, "stress/known", "3.15.0"), 0);
	assert_int_equal(match(set, "chain_next", "builtin_next"), SUPPRESS_NONE);
	suppress_free(set);
}

/* A function on the list, a release that has its bug, one that has it mended (NULL: none known). */
static void each_bug_of_the_public_lists_is_known_where_it_is(void **state)
{
	(void)state;
	static const struct {
		const char *function, *has, *has_not;
	} bugs[] = {
		{ "func_set_defaults", "3.14.6", "3.14.7" },
		{ "func_set_qualname", "3.14.6", "3.15.0" },
		{ "count_repr", "3.14.6", "3.14.7" },
		{ "chain_next", "3.13.15", "3.14.7" },
		{ "batch_list_exact", "3.13.15", "3.14.7" },
		{ "type_set_qualname", "3.14.7", "3.15.0" },
		{ "readline_get_completer_impl", "3.14.7", "3.15.0" },
		{ "invoke_gc_callback", "3.15.0", "3.16.0" },
		{ "descr_get_qualname", "3.15.0", "3.16.0" },
		{ "_zstd_ZstdCompressor_flush_impl", "3.14.6", "3.13.15" },
		{ "bytesio_setstate_lock_held", "3.14.7", "3.13.15" },
		{ "PyContext_AddWatcher", "3.14.7", "3.13.15" },
		{ "binarysort", "3.15.0", NULL },
		{ "stringlib_bytes_join", "3.15.0", NULL },
		{ "readline_set_auto_history_impl", "3.15.0", NULL },
		{ "sock_settimeout", "3.15.0", NULL },
		{ "mbuf_add_view", "3.15.0", NULL },
		{ "_memory_release", "3.15.0", NULL },
		{ "copy_shape", "3.15.0", NULL },
		{ "partial_setstate", "3.15.0", NULL },
		{ "stringio_iternext", "3.15.0", NULL },
		/* what stands beside these is not theirs */
		{ "call_readline", NULL, "3.14.6" },
		{ "sock_call_ex", NULL, "3.14.6" },
		{ "func_set_code", NULL, "3.14.6" },
		{ "mbuf_release", NULL, "3.14.6" },
		{ "list_sort_impl", NULL, "3.14.6" },
		{ "partial_call", NULL, "3.14.6" },
	};
	for (size_t i = 0; i < sizeof bugs / sizeof *bugs; i++) {
		for (size_t mended = 0; mended < 2; mended++) {
			const char *version = mended ? bugs[i].has_not : bugs[i].has;
			if (!version)
				continue;
			struct suppressions *set = suppress_new();
			assert_int_equal(known_load(set, "stress/known", version), 0);
			bool known = match(set, bugs[i].function, "cfunction_vectorcall_O") !=
				     SUPPRESS_NONE;
			suppress_free(set);
			if (known == (bool)mended)
				fail_msg("%s in %s: known: %d", bugs[i].function, version, known);
		}
	}
}

static void a_bug_of_cythons_code_is_known_in_any_module(void **state)
{
	(void)state;
	struct suppressions *set = suppress_new();
	struct frame frames[] = { { FRAME_C, (char *)"PyFrame_New", NULL, 1, (char *)"libpython.so",
				    false, false, false },
				  { FRAME_C, (char *)"__Pyx_AddTraceback", (char *)"/b/mtrand.c", 1,
				    (char *)"mtrand.so", false, false, false } };
	struct participant side = { .stack = { frames, 2 } };
	struct finding race = { .kind = FINDING_DATA_RACE,
				.participants = &side,
				.participant_count = 1 };
	assert_int_equal(known_load(set, "stress/known", "3.14.6"), 0);
	assert_non_null(strstr(told(set, suppress_match(set, &race)), "cython/issues/7402"));
	frames[1].function = (char *)"make_it";
	assert_int_equal(suppress_match(set, &race), SUPPRESS_NONE);
	suppress_free(set);
}

/* What is said of a list with this text, in a folder of its own. */
static char *complaint(const char *text, int *code)
{
	char folder[] = "/tmp/ftstress-known-XXXXXX";
	assert_non_null(mkdtemp(folder));
	char *mine = xprintf("%s/mine.toml", folder), *said = xprintf("%s/said", folder);
	FILE *file = fopen(mine, "w");
	assert_non_null(file);
	fputs(text, file);
	fclose(file);
	int old = dup(STDERR_FILENO), to = open(said, O_CREAT | O_WRONLY, 0600);
	struct suppressions *set = suppress_new();
	dup2(to, STDERR_FILENO);
	*code = known_load(set, folder, "3.14.6");
	dup2(old, STDERR_FILENO);
	close(old);
	close(to);
	suppress_free(set);
	char *words = read_file(said, NULL);
	unlink(mine);
	unlink(said);
	rmdir(folder);
	free(mine);
	free(said);
	return words;
}

#define BUG "project = \"cpython\"\n[[bug]]\nissue = 1\ndoes = \"it\"\n"

static void a_broken_list_is_told_in_one_line(void **state)
{
	(void)state;
	static const struct {
		const char *text, *says;
	} cases[] = {
		{ BUG, "mine.toml:2: this bug has no \"functions\"\n" },
		{ BUG "functions = \"f\"\nfunctions = \"g\"\n",
		  "mine.toml:6: this bug has a second" },
		{ BUG "functions = []\n", "mine.toml:5: expected at least one string for" },
		{ BUG "functions = [\"f\"\n\"g\"]\n", "mine.toml:6: expected \",\" or the end" },
		{ BUG "functions = \"f\nrule = 1", "mine.toml:5: expected a string that ends" },
		{ BUG "functions = \"f\\.\"\n",
		  "mine.toml:5: expected a string that has \"\\\" only" },
		{ BUG "functions = \"f\\", "mine.toml:5: expected a string that has \"\\\" only" },
		{ BUG "functions = \"f\\\\\n", "mine.toml:5: expected a string that ends" },
		{ BUG "functions = [\"f\"]\nrule = \"often\"",
		  "mine.toml:2: unknown suppression type" },
		{ BUG "functions = [\"f\"]\nfixed = [\"soon\"]",
		  "mine.toml:6: expected a release as" },
		{ BUG "function = [\"f\"]\n",
		  "mine.toml:5: unknown key \"function\" (issue, does" },
		{ BUG "functions = [\"f\"] [\n", "mine.toml:5: expected the end of the line" },
		{ BUG "[bug]\n", "mine.toml:5: expected [[NAME]]" },
		{ BUG "= 1\n", "mine.toml:5: expected KEY = VALUE" },
		{ BUG "rule 1\n", "mine.toml:5: expected \"=\"" },
		{ BUG "rule = yes\n", "mine.toml:5: expected a string, a number or an array" },
		{ "project = \"perl\"\n", "mine.toml:1: no such project" },
		{ "[[bugs]]\n", "mine.toml:1: expected [[bug]]" },
		{ "[[bug]]\nissue = 1\ndoes = \"it\"\nfunctions = [\"f\"]\n",
		  "mine.toml: no project = " },
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		int code;
		char *said = complaint(cases[i].text, &code);
		if (code != EXIT_BAD_INPUT || !said || !strstr(said, cases[i].says) ||
		    strchr(said, '\n') != said + strlen(said) - 1)
			fail_msg("%s: %d: %s", cases[i].text, code, said);
		free(said);
	}
	int code;
	char *said =
		complaint("# nothing\n" BUG "functions = [ # one\n  \"^a \\\"b$\",\n]\n", &code);
	assert_int_equal(code, 0);
	assert_string_equal(said, "");
	free(said);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_list_in_the_cache_is_read_whole),
		cmocka_unit_test(a_listed_race_is_upstream_and_others_are_not),
		cmocka_unit_test(a_bug_is_in_the_releases_before_the_one_that_mends_it),
		cmocka_unit_test(our_lists_are_read_whole_and_say_what_is_known),
		cmocka_unit_test(each_bug_of_the_public_lists_is_known_where_it_is),
		cmocka_unit_test(a_bug_of_cythons_code_is_known_in_any_module),
		cmocka_unit_test(a_broken_list_is_told_in_one_line),
	};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
