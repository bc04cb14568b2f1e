/* policy.c - what documentation excludes is not new; and all that it does not exclude is. */
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
#include <unistd.h>

#include "runner/collate/collate.h"
#include "runner/collate/policy.h"

static struct policy *policy_of(const char *rules)
{
	struct policy *policy = policy_new();
	char *text = xprintf("[policy]\n%s", rules);
	assert_int_equal(policy_parse(policy, "/etc/mine.ini", text), 0);
	free(text);
	return policy;
}

/* The rule that excludes a race in these pairs, ended by NULL. */
static const char *excludes(const struct policy *policy, enum finding_kind kind, char **tests)
{
	struct finding finding = { .kind = kind, .tests = tests };
	while (tests[finding.test_count])
		finding.test_count++;
	return policy_excludes(policy, &finding);
}

#define RACE(...) excludes(policy, FINDING_DATA_RACE, (char *[]){ __VA_ARGS__, NULL })

static void what_is_not_shared_is_excluded_with_the_rules_place(void **state)
{
	(void)state;
	struct policy *policy = policy_of("; a comment\n m.Box = not shared  ; documented there\n");
	assert_string_equal(RACE((char *)"m.Box::add|get"), "m.Box = not shared (mine.ini:3)");
	assert_null(RACE((char *)"m.Boxes::add|get"));
	assert_null(RACE((char *)"tests/test_box.py::test_add"));
	policy_free(policy);
}

/* As from this corpus. */
static void learn(struct policy *policy, const char *corpus)
{
	char folder[] = "/tmp/ftstress-policy-XXXXXX";
	assert_non_null(mkdtemp(folder));
	char *path = xprintf("%s/corpus.json", folder);
	FILE *out = fopen(path, "w");
	fputs(corpus, out);
	fclose(out);
	policy_learn(policy, folder);
	unlink(path);
	rmdir(folder);
	free(path);
}

static void readers_are_to_be_safe_where_only_they_are_promised(void **state)
{
	(void)state;
	struct policy *policy = policy_of("m.Box = safe for readers\n");
	assert_null(RACE((char *)"m.Box::add|get"));
	learn(policy, "{\"types\": [{\"name\": \"m.Box\", \"operations\": ["
		      "{\"name\": \"add\", \"changes\": true}, "
		      "{\"name\": \"get\", \"changes\": false}]}]}");
	assert_non_null(RACE((char *)"m.Box::add|get"));
	assert_non_null(RACE((char *)"m.Box::get|copy>add"));
	assert_null(RACE((char *)"m.Box::get|get"));
	/* By their names, too. */
	assert_non_null(RACE((char *)"m.Box::get|size="));
	assert_non_null(RACE((char *)"m.Box::get|setitem"));
	assert_non_null(RACE((char *)"m.Box::get;get|get"));
	assert_non_null(RACE((char *)"m.Box::setflags#3|setflags#3"));
	assert_non_null(RACE((char *)"m.Box::size=#2|get"));
	/* With other arguments, and on a box of another kind, it changes as well. */
	assert_non_null(RACE((char *)"m.Box[str]::add#3|get"));
	assert_null(RACE((char *)"m.Box[str]::get#2|added"));
	/* It came up between readers as well. */
	assert_null(RACE((char *)"m.Box::add|get", (char *)"m.Box::get|get"));
	policy_free(policy);
}

/* a.flat[0] = 1 */
static void data_is_its_owners_whoever_writes_it(void **state)
{
	(void)state;
	struct policy *policy = policy_of("m.Safe = safe\nm.Array = safe for readers\n");
	char *tests[] = { (char *)"m.Flat::setitem|copy", (char *)"m.Flat::a|b" };
	struct finding race = { .kind = FINDING_DATA_RACE,
				.tests = tests,
				.test_count = 2,
				.subject = { .kind = SUBJECT_BUFFER, .type = (char *)"m.Array" } };
	assert_string_equal(policy_excludes(policy, &race),
			    "m.Array = safe for readers (mine.ini:3)");
	race.subject.type = (char *)"m.Safe";
	assert_null(policy_excludes(policy, &race));
	race.subject.type = (char *)"m.Array";
	race.subject.kind = SUBJECT_OBJECT; /* the array's shape, say */
	assert_null(policy_excludes(policy, &race));
	race.subject.kind = SUBJECT_BUFFER; /* two tests that meet in an array: not a pair */
	tests[1] = (char *)"tests/test_a.py::test_b";
	assert_null(policy_excludes(policy, &race));
	policy_free(policy);
}

static void iterators_are_whatever_items_are_taken_out_of(void **state)
{
	(void)state;
	struct policy *policy = policy_of("m.Safe = safe\niterators = not shared\n");
	assert_string_equal(RACE((char *)"m.Walk::next|next"),
			    "iterators = not shared (mine.ini:3)");
	assert_non_null(RACE((char *)"m.Walk::length_hint|next"));
	assert_non_null(RACE((char *)"m.Walk::send#2|close"));
	assert_null(RACE((char *)"m.Walk::reduce|setstate"));
	/* A view that is walked while its object changes is no shared iterator. */
	assert_null(RACE((char *)"m.Box::add|iter.next"));
	assert_null(RACE((char *)"m.Safe::next|next"));
	/* list() of an iterator takes items out of it, and so does the iterator of an iterator. */
	assert_null(RACE((char *)"m.Walk::list|list"));
	learn(policy, "{\"types\": [{\"name\": \"m.Walk@2\", \"iterator\": true, "
		      "\"operations\": []}]}");
	assert_non_null(RACE((char *)"m.Walk::list|iter.next"));
	assert_null(RACE((char *)"m.Box::list|list"));
	/* And what a function does with it. */
	assert_non_null(RACE((char *)"m.Walk::first(.)|first(.)#2"));
	assert_null(RACE((char *)"m.Box::first(.)|first(.)"));
	policy_free(policy);
}

static void a_living_object_is_not_to_be_made_anew(void **state)
{
	(void)state;
	struct policy *policy = policy_of("made anew = not shared\n");
	assert_string_equal(RACE((char *)"m.Box::__init__|__init__"),
			    "made anew = not shared (mine.ini:2)");
	assert_non_null(RACE((char *)"m.Box@2::__init__|__init__"));
	assert_non_null(RACE((char *)"m.Box::copy|__setstate__"));
	assert_null(RACE((char *)"m.Box::add|init"));
	assert_null(RACE((char *)"m.Box::setstate|get"));
	assert_null(RACE((char *)"m.Box::init|initial"));
	/* Both drop the object that the first one has stored. */
	char *tests[] = { (char *)"m.Box::__init__|__init__" };
	struct finding count = { .kind = FINDING_REFERENCE_COUNT, .tests = tests, .test_count = 1 };
	assert_non_null(policy_excludes(policy, &count));
	count.shows = EVIDENCE_CRASHES; /* as a user would see it */
	assert_null(policy_excludes(policy, &count));
	policy_free(policy);
}

static void a_rule_is_for_patterns_and_for_what_is_made_out_of_a_type(void **state)
{
	(void)state;
	struct policy *policy = policy_of("m.Good = safe\nm.* = not shared\nn.Base = not shared\n");
	assert_null(RACE((char *)"m.Good::a|b"));
	assert_non_null(RACE((char *)"m.Other::a|b"));
	assert_non_null(RACE((char *)"n.Base@2::a|b"));
	assert_non_null(RACE((char *)"n.Base[object]::a|b"));
	assert_null(RACE((char *)"n.Child::a|b"));
	learn(policy, "{\"types\": [{\"name\": \"n.Child\", \"operations\": [], "
		      "\"bases\": [\"n.Middle\", \"n.Base\"]}]}");
	assert_string_equal(RACE((char *)"n.Child::a|b"), "n.Base = not shared (mine.ini:4)");
	policy_free(policy);
}

static void crashes_and_other_kinds_count_in_any_case(void **state)
{
	(void)state;
	struct policy *policy = policy_of("* = not shared\n");
	char *tests[] = { (char *)"m.Box::add|get", NULL };
	struct finding race = { .kind = FINDING_DATA_RACE, .tests = tests, .test_count = 1 };
	assert_non_null(policy_excludes(policy, &race));
	race.shows = EVIDENCE_RAISES;
	assert_non_null(policy_excludes(policy, &race));
	race.shows = EVIDENCE_CRASHES;
	assert_null(policy_excludes(policy, &race));
	assert_non_null(excludes(policy, FINDING_TEST_FAILURE, tests));
	assert_non_null(excludes(policy, FINDING_PYTHON_RACE, tests));
	assert_null(excludes(policy, FINDING_CRASH, tests));
	assert_non_null(excludes(policy, FINDING_USE_AFTER_FREE, tests));
	assert_null(excludes(policy, FINDING_LOCK_ORDER, tests));
	policy_free(policy);
}

/* ---- messages ---- */

static char said[2048];

/* What is printed on standard error while a text is read. */
static const char *message_of(const char *text)
{
	struct policy *policy = policy_new();
	char path[] = "/tmp/ftstress-policy-XXXXXX";
	int file = mkstemp(path), kept = dup(STDERR_FILENO);
	fflush(stderr);
	dup2(file, STDERR_FILENO);
	assert_int_equal(policy_parse(policy, "mine.ini", text), EXIT_BAD_INPUT);
	fflush(stderr);
	dup2(kept, STDERR_FILENO);
	ssize_t length = pread(file, said, sizeof said - 1, 0);
	said[length > 0 ? length : 0] = '\0';
	close(file);
	close(kept);
	unlink(path);
	policy_free(policy);
	return said;
}

static void mistakes_are_told_with_their_line(void **state)
{
	(void)state;
	assert_non_null(strstr(message_of("[policy]\n\nm.Box = save\n"),
			       "mine.ini:3: expected safe, safe for readers or not shared, not "
			       "\"save\"; did you mean \"safe\"?"));
	assert_non_null(
		strstr(message_of("[policy]\nm.Box\n"), "mine.ini:2: expected TYPE = safe"));
	assert_non_null(strstr(message_of("m.Box = safe\n"), "mine.ini:1: expected [policy]"));
	assert_non_null(strstr(message_of("[types]\nm.Box = safe\n"),
			       "mine.ini:1: expected the section [policy], not \"[types]\""));
}

/* ---- what ships, and the run's findings ---- */

static void the_shipped_policies_are_read(void **state)
{
	(void)state;
	struct policy *policy = policy_new();
	assert_int_equal(policy_load_folder(policy, "stress/policy"), 0);
	assert_non_null(RACE((char *)"itertools.permutations::next|next"));
	assert_non_null(RACE((char *)"numpy.ndarray::setitem|getitem"));
	assert_null(RACE((char *)"numpy.ndarray::getitem|getitem"));
	assert_null(RACE((char *)"array.array::append|pop"));
	policy_free(policy);
}

static const struct finding *add(struct collator *collator, const char *test)
{
	struct iteration_context context = { .tests = &test, .test_count = 1 };
	struct finding finding = { .kind = FINDING_DATA_RACE, .id = xstrdup("data-race-1") };
	return collator_add(collator, &context, &finding);
}

static void a_documented_race_is_not_new_until_it_is_seen_elsewhere_or_crashes(void **state)
{
	(void)state;
	struct policy *policy = policy_of("m.Box = not shared\n");
	struct collate_options options = { .policy = policy };
	struct collator *collator = collator_open(&options);
	const struct finding *finding = add(collator, "m.Box::add|get");
	assert_int_equal(finding->status, STATUS_DOCUMENTED);
	assert_string_equal(finding->suppressed_by, "m.Box = not shared (mine.ini:2)");
	assert_int_equal(collator_counters(collator).by_status[STATUS_NEW], 0);
	collator_evidence(collator, "data-race-1", EVIDENCE_NONE, "nothing was seen");
	assert_int_equal(finding->status, STATUS_DOCUMENTED);
	collator_evidence(collator, "data-race-1", EVIDENCE_CRASHES, "crashes");
	assert_int_equal(finding->status, STATUS_NEW);
	assert_null(finding->suppressed_by);
	collator_close(collator);
	collator = collator_open(&options);
	add(collator, "m.Box::add|get");
	assert_int_equal(add(collator, "m.Bag::add|get")->status, STATUS_NEW);
	collator_close(collator);
	policy_free(policy);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_not_shared_is_excluded_with_the_rules_place),
		cmocka_unit_test(readers_are_to_be_safe_where_only_they_are_promised),
		cmocka_unit_test(data_is_its_owners_whoever_writes_it),
		cmocka_unit_test(iterators_are_whatever_items_are_taken_out_of),
		cmocka_unit_test(a_living_object_is_not_to_be_made_anew),
		cmocka_unit_test(a_rule_is_for_patterns_and_for_what_is_made_out_of_a_type),
		cmocka_unit_test(crashes_and_other_kinds_count_in_any_case),
		cmocka_unit_test(mistakes_are_told_with_their_line),
		cmocka_unit_test(the_shipped_policies_are_read),
		cmocka_unit_test(
			a_documented_race_is_not_new_until_it_is_seen_elsewhere_or_crashes),
	};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
