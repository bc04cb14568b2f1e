/* rank.c - each rank is given for what it stands for, and they are listed in their order. */
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

#include "runner/collate/ledger.h"
#include "runner/collate/rank.h"

static char source[] = "/tmp/ftstress-rank-XXXXXX";

enum line { STRUCTURE = 1, FIELD, READS };

static int write_source(void **state)
{
	(void)state;
	int fd = mkstemp(source);
	FILE *out = fd < 0 ? NULL : fdopen(fd, "w");
	if (!out)
		return -1;
	fputs("Py_XSETREF(self->items, fresh);\n"
	      "self->index++;\n"
	      "return self->items[self->index];\n",
	      out);
	return fclose(out);
}

static int remove_source(void **state)
{
	(void)state;
	return unlink(source);
}

/* A race of box_put(), which writes at this line, with box_get(), called by these operations. */
struct race {
	struct finding finding;
	struct participant sides[2];
	struct frame frames[2][2];
	char *tests[2];
};

static struct frame core(const char *name)
{
	return (struct frame){ .language = FRAME_C,
			       .function = (char *)name,
			       .file = (char *)"/src/x.c",
			       .line = 1,
			       .module = (char *)"libpython3.14t.so" };
}

static struct frame operation(const char *name, const char *type)
{
	return (struct frame){
		.language = FRAME_PYTHON, .function = (char *)name, .file = (char *)type, .line = 5
	};
}

#define BOX "/cache/pairs/words-1f/m.Box.py"
#define BAG "/cache/pairs/words-1f/m.Bag.py"

static void make(struct race *race, enum line line)
{
	*race = (struct race){ .tests = { (char *)"m.Box::put|get" } };
	for (int i = 0; i < 2; i++) {
		race->frames[i][0] =
			(struct frame){ .language = FRAME_C,
					.function = (char *)(i ? "box_get" : "box_put"),
					.file = source,
					.line = i ? READS : (int)line,
					.module = (char *)"m.so" };
		race->frames[i][1] = operation(i ? "get" : "put", BOX);
		race->sides[i] = (struct participant){ .write = !i,
						       .size = 8,
						       .stack = { race->frames[i], 2 } };
	}
	race->finding = (struct finding){ .id = (char *)"data-race-1",
					  .kind = FINDING_DATA_RACE,
					  .tests = race->tests,
					  .test_count = 1,
					  .subject = { .kind = SUBJECT_OBJECT, .offset = 8 },
					  .participants = race->sides,
					  .participant_count = 2 };
}

static enum finding_rank ranked(struct race *race)
{
	struct finding *list[] = { &race->finding };
	race->finding.rank = RANK_NONE;
	rank_mark(list, 1);
	return race->finding.rank;
}

static void memory_that_is_freed_in_use_is_the_gravest(void **state)
{
	(void)state;
	struct race race;
	make(&race, FIELD);
	race.frames[0][0] = core("mi_free");
	assert_int_equal(ranked(&race), RANK_FREED);
}

static void memory_that_realloc_moves_is_the_gravest_too(void **state)
{
	(void)state;
	struct race race;
	make(&race, FIELD);
	race.frames[0][0] = core("___interceptor_realloc");
	race.frames[0][0].module = (char *)"libclang_rt.tsan-x86_64.so";
	assert_int_equal(ranked(&race), RANK_FREED);
	race.frames[0][0].function = (char *)"__interceptor_memcpy";
	assert_int_equal(ranked(&race), RANK_FIELD);
}

static void memory_that_is_another_types_by_now_was_used_again(void **state)
{
	(void)state;
	struct race race;
	make(&race, FIELD);
	race.frames[1][1] = operation("get", BAG);
	assert_int_equal(ranked(&race), RANK_FREED);
	/* What drops an object after the calls is no operation of another type. */
	race.frames[1][1] = operation("_serve", "/lib/ftstress_driver/pairs/rounds.py");
	race.frames[1][1].plumbing = true;
	assert_int_equal(ranked(&race), RANK_FIELD);
}

static void a_line_that_sets_a_reference_is_of_structure(void **state)
{
	(void)state;
	struct race race;
	make(&race, STRUCTURE);
	assert_int_equal(ranked(&race), RANK_STRUCTURE);
	race.sides[1].atomic = true;
	assert_int_equal(ranked(&race), RANK_STRUCTURE);
	/* Who reads there changes nothing. */
	make(&race, FIELD);
	race.frames[1][0].line = STRUCTURE;
	assert_int_equal(ranked(&race), RANK_FIELD);
}

static void an_index_is_a_plain_field(void **state)
{
	(void)state;
	struct race race;
	make(&race, FIELD);
	assert_int_equal(ranked(&race), RANK_FIELD);
	race.frames[0][0].file = (char *)"/gone/m.c";
	assert_int_equal(ranked(&race), RANK_FIELD);
}

static void where_one_side_is_atomic_values_are_old_at_most(void **state)
{
	(void)state;
	struct race race;
	make(&race, FIELD);
	race.sides[1].atomic = true;
	assert_int_equal(ranked(&race), RANK_ATOMIC);
}

static void what_a_buffer_holds_is_its_users_own(void **state)
{
	(void)state;
	struct race race;
	make(&race, STRUCTURE);
	race.finding.subject.kind = SUBJECT_BUFFER;
	assert_int_equal(ranked(&race), RANK_DATA);
}

static void what_makes_a_live_object_anew_is_told_apart(void **state)
{
	(void)state;
	struct race race;
	make(&race, STRUCTURE);
	race.tests[0] = (char *)"m.Box::__init__|__init__";
	assert_int_equal(ranked(&race), RANK_STRUCTURE);
	race.frames[1][1] = operation("__init__", BOX);
	assert_int_equal(ranked(&race), RANK_INIT);
	race.tests[0] = (char *)"m.Box::__init__|initial";
	assert_int_equal(ranked(&race), RANK_INIT);
	race.tests[0] = (char *)"m.Box::initial|initial";
	assert_int_equal(ranked(&race), RANK_STRUCTURE);
	race.frames[1][1] = operation("__setstate_cython___2", BOX);
	race.tests[0] = (char *)"m.Box::pop;__setstate_cython__#2|get";
	assert_int_equal(ranked(&race), RANK_INIT);
	/* random.Random has a method of that name, which threads may call. */
	race.frames[1][1] = operation("setstate", BOX);
	race.tests[0] = (char *)"m.Box::setstate|get";
	assert_int_equal(ranked(&race), RANK_STRUCTURE);
	race.frames[1][1] = operation("__setstate_cython___2", BOX);
	race.tests[0] = (char *)"m.Box::pop;__setstate_cython__#2|get";
	/* The same two lines of C are reached in another way, too. */
	race.tests[1] = (char *)"m.Box::state=|get";
	race.finding.test_count = 2;
	assert_int_equal(ranked(&race), RANK_STRUCTURE);
	/* Another step than that one raced. */
	race.finding.test_count = 1;
	race.frames[1][1] = operation("pop", BOX);
	assert_int_equal(ranked(&race), RANK_STRUCTURE);
}

static void what_makes_the_object_is_secondary(void **state)
{
	(void)state;
	struct race race;
	make(&race, STRUCTURE);
	race.frames[0][0] = core("_PyLong_FromMedium");
	assert_int_equal(ranked(&race), RANK_UNPUBLISHED);
}

static void other_kinds_have_no_rank(void **state)
{
	(void)state;
	struct race race;
	make(&race, STRUCTURE);
	race.finding.kind = FINDING_LEAK;
	assert_int_equal(ranked(&race), RANK_NONE);
}

/* The worst that was seen first, then by rank, and what follows last. */
static void evidence_stands_before_rank(void **state)
{
	(void)state;
	struct race freed, structure, crashes, follows;
	make(&freed, FIELD);
	freed.frames[0][0] = core("mi_free");
	make(&structure, STRUCTURE);
	structure.finding.run_count = 100;
	make(&crashes, FIELD);
	crashes.finding.shows = EVIDENCE_CRASHES;
	make(&follows, STRUCTURE);
	follows.finding.shows = EVIDENCE_CRASHES;
	follows.finding.follows = (char *)"data-race-1";
	struct finding *list[] = { &follows.finding, &structure.finding, &freed.finding,
				   &crashes.finding };
	rank_mark(list, 4);
	qsort(list, 4, sizeof *list, finding_compare);
	assert_ptr_equal(list[0], &crashes.finding);
	assert_ptr_equal(list[1], &freed.finding);
	assert_ptr_equal(list[2], &structure.finding);
	assert_ptr_equal(list[3], &follows.finding);
}

static void a_crash_is_never_below_what_came_more_often(void **state)
{
	(void)state;
	struct finding crash = { .id = (char *)"crash-1", .kind = FINDING_CRASH, .run_count = 1 };
	struct finding race = { .id = (char *)"data-race-1",
				.kind = FINDING_DATA_RACE,
				.run_count = 1000,
				.rank = RANK_FREED };
	struct finding caused = { .id = (char *)"data-race-2",
				  .kind = FINDING_DATA_RACE,
				  .run_count = 2,
				  .caused_crash = true };
	struct finding failure = { .id = (char *)"test-failure-1",
				   .kind = FINDING_TEST_FAILURE,
				   .run_count = 1 };
	struct finding *list[] = { &race, &failure, &caused, &crash };
	qsort(list, 4, sizeof *list, finding_compare);
	assert_ptr_equal(list[0], &crash);
	assert_ptr_equal(list[1], &caused);
	assert_ptr_equal(list[2], &failure);
	assert_ptr_equal(list[3], &race);
}

static void memory_freed_in_use_is_told_before_the_race_it_follows_from(void **state)
{
	(void)state;
	struct finding race = { .kind = FINDING_DATA_RACE, .id = (char *)"data-race-1" };
	struct finding freed = { .kind = FINDING_USE_AFTER_FREE, .follows = race.id };
	struct finding other = { .kind = FINDING_USE_AFTER_FREE };
	struct finding late = { .kind = FINDING_DATA_RACE, .follows = race.id };
	const struct finding *a = &race, *b = &freed, *c = &other, *d = &late;
	assert_true(finding_compare(&b, &a) < 0);
	assert_true(finding_compare(&c, &b) < 0); /* what follows from nothing is first */
	assert_true(finding_compare(&a, &d) < 0);
}

static void what_one_thread_does_alone_is_no_grave_matter(void **state)
{
	(void)state;
	struct finding crash = { .kind = FINDING_CRASH };
	struct finding race = { .kind = FINDING_DATA_RACE, .shows = EVIDENCE_LOSES };
	assert_true(finding_gravity(&crash) < finding_gravity(&race));
	crash.evidence = (char *)"no matter of threads: ...";
	assert_true(finding_gravity(&crash) > finding_gravity(&race));
	race.evidence = (char *)"nothing was seen in 1 s"; /* of a race it means another thing */
	assert_true(finding_gravity(&race) < finding_gravity(&crash));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(memory_that_is_freed_in_use_is_the_gravest),
		cmocka_unit_test(memory_that_realloc_moves_is_the_gravest_too),
		cmocka_unit_test(memory_that_is_another_types_by_now_was_used_again),
		cmocka_unit_test(a_line_that_sets_a_reference_is_of_structure),
		cmocka_unit_test(an_index_is_a_plain_field),
		cmocka_unit_test(where_one_side_is_atomic_values_are_old_at_most),
		cmocka_unit_test(what_a_buffer_holds_is_its_users_own),
		cmocka_unit_test(what_makes_a_live_object_anew_is_told_apart),
		cmocka_unit_test(what_makes_the_object_is_secondary),
		cmocka_unit_test(other_kinds_have_no_rank),
		cmocka_unit_test(evidence_stands_before_rank),
		cmocka_unit_test(a_crash_is_never_below_what_came_more_often),
		cmocka_unit_test(memory_freed_in_use_is_told_before_the_race_it_follows_from),
		cmocka_unit_test(what_one_thread_does_alone_is_no_grave_matter),
	};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, write_source, remove_source);
}
