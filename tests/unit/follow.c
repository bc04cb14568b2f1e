/* follow.c - which findings only follow from another, and in which order they are listed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "runner/collate/follow.h"
#include "runner/collate/ledger.h"

#include <cmocka.h>

#define CORE(name)                                                                                 \
	{ FRAME_C, (char *)name, (char *)"/src/x.c", 1, (char *)"libpython3.14t.so", false,        \
	  false,   false }
#define LINE(name, number)                                                                         \
	{ FRAME_PYTHON, (char *)name, (char *)"/site/t.py", number, NULL, false, false, false }
#define SIDE(writes, ...)                                                                          \
	{                                                                                          \
		.write = writes, .stack = {                                                        \
			(struct frame[]){ __VA_ARGS__ },                                           \
			sizeof((struct frame[]){ __VA_ARGS__ }) / sizeof(struct frame)             \
		}                                                                                  \
	}
#define RACE(name, times, first, second)                                                           \
	{ .id = (char *)name,                                                                      \
	  .kind = FINDING_DATA_RACE,                                                               \
	  .run_count = times,                                                                      \
	  .participants = (struct participant[]){ first, second },                                 \
	  .participant_count = 2 }
#define NOTHING { 0 }

/* thread 1: p.__setstate__((f, (i,), {}, {})) in line 10; thread 2: p(3) in line 12 */
#define SETS LINE("stress", 10)
#define CALLS LINE("stress", 12)

static void mark(struct finding *findings, size_t count, struct finding **list)
{
	for (size_t i = 0; i < count; i++)
		list[i] = &findings[i];
	findings_sort(list, count, NULL);
}

static void assert_follows(struct finding *finding, const char *id)
{
	if (id)
		assert_string_equal(finding->follows, id);
	else
		assert_null(finding->follows);
	free(finding->follows);
	finding->follows = NULL;
}

static void a_crash_follows_from_the_race_that_is_its_cause(void **state)
{
	(void)state;
	struct participant calling = SIDE(false, CORE("partial_vectorcall"), CALLS);
	struct participant storing = SIDE(true, CORE("partial_setstate"), SETS);
	struct finding findings[] = {
		{ .id = (char *)"crash-1", .kind = FINDING_CRASH, .cause = (char *)"data-race-1" },
		{ .id = (char *)"crash-2", .kind = FINDING_CRASH, .cause = (char *)"data-race-2" },
		RACE("data-race-1", 2, storing, calling),
	};
	struct finding *list[3];
	mark(findings, 3, list);
	/* the one whose cause is not known, the race that led to the other, that one */
	assert_string_equal(list[0]->id, "crash-2");
	assert_string_equal(list[1]->id, "data-race-1");
	assert_follows(&findings[0], "data-race-1");
	assert_follows(&findings[1], NULL); /* it is of another run */
}

static void what_was_got_through_a_slot_is_listed_behind_the_slot(void **state)
{
	(void)state;
	struct participant making =
		SIDE(true, CORE("Py_SET_TYPE"), CORE("_PyLong_FromMedium"), SETS);
	struct participant tracked = SIDE(false, CORE("maybe_tracked"), CALLS);
	struct participant filling = SIDE(true, CORE("_PyTuple_FromArray"), SETS);
	struct participant freeing = SIDE(true, CORE("mi_free"), CORE("tuple_dealloc"), SETS);
	struct participant calling = SIDE(false, CORE("partial_vectorcall"), CALLS);
	struct participant storing = SIDE(true, CORE("partial_setstate"), SETS);
	struct finding findings[] = {
		RACE("data-race-1", 90, making, tracked),
		RACE("data-race-2", 80, calling, filling),
		RACE("data-race-3", 70, freeing, calling),
		RACE("data-race-4", 2, storing, calling),
	};
	struct finding *list[4];
	mark(findings, 4, list);
	assert_string_equal(list[0]->id, "data-race-4");
	assert_string_equal(list[1]->id, "data-race-3");
	assert_follows(&findings[0], "data-race-4");
	assert_follows(&findings[1], "data-race-4");
	assert_follows(&findings[2], "data-race-4");
	assert_follows(&findings[3], NULL);
}

static void without_a_race_on_the_slot_nothing_follows(void **state)
{
	(void)state;
	struct participant making = SIDE(true, CORE("_PyLong_FromMedium"), SETS);
	struct participant tracked = SIDE(false, CORE("maybe_tracked"), CALLS);
	struct participant storing = SIDE(true, CORE("dict_set"), SETS);
	struct participant elsewhere = SIDE(false, CORE("dict_get"), LINE("stress", 30));
	struct participant other = SIDE(true, CORE("dict_set"), LINE("other", 50));
	struct participant same = SIDE(false, CORE("dict_get"), CALLS);
	struct finding findings[] = {
		RACE("data-race-1", 9, making, tracked),
		RACE("data-race-2", 5, storing, elsewhere),
		RACE("data-race-3", 5, other, same),
	};
	struct finding *list[3];
	mark(findings, 3, list);
	assert_string_equal(list[2]->id, "data-race-1"); /* by its rank */
	assert_follows(&findings[0], NULL);
	assert_follows(&findings[1], NULL);
	assert_follows(&findings[2], NULL);
}

static void memory_that_somebody_else_got_since_has_no_line(void **state)
{
	(void)state;
	struct participant making = SIDE(true, CORE("_PyTuple_FromArray"), CORE("thread_run"));
	struct participant reading = SIDE(false, CORE("partial_vectorcall"), CALLS);
	struct participant storing = SIDE(true, CORE("partial_setstate"), SETS);
	struct finding findings[] = {
		RACE("data-race-1", 9, making, reading),
		RACE("data-race-2", 1, storing, reading),
	};
	struct finding *list[2];
	mark(findings, 2, list);
	assert_follows(&findings[0], "data-race-2");
	assert_follows(&findings[1], NULL);
}

static void memory_that_was_freed_in_use_comes_first(void **state)
{
	(void)state;
	struct participant freeing = SIDE(true, CORE("mi_free"), CORE("odict_dealloc"), SETS);
	struct participant reading = SIDE(false, CORE("odictiter_new"), CALLS);
	struct participant counting = SIDE(true, CORE("count"), LINE("other", 3));
	struct participant forgotten = NOTHING;
	struct finding findings[] = {
		RACE("data-race-1", 9, counting, counting),
		RACE("data-race-2", 1, freeing, reading),
		RACE("data-race-3", 9, freeing, forgotten),
	};
	struct finding *list[3];
	mark(findings, 3, list);
	assert_string_equal(list[0]->id, "data-race-2");
	assert_string_equal(list[1]->id, "data-race-1");
	assert_string_equal(list[2]->id, "data-race-3");
	assert_follows(&findings[1], NULL);
}

static void who_got_memory_that_was_freed_in_use_is_no_other_bug(void **state)
{
	(void)state;
	struct participant freeing = SIDE(true, CORE("mi_free"), CORE("odict_dealloc"), SETS);
	struct participant reading = SIDE(false, CORE("odictiter_new"), CALLS);
	struct participant elsewhere = SIDE(false, CORE("odictiter_new"), LINE("stress", 30));
	struct participant another = SIDE(false, CORE("dict_length"), CALLS);
	struct participant making = SIDE(true, CORE("PyList_New"), LINE("other", 3));
	struct participant storing = SIDE(true, CORE("list_set"), LINE("other", 4));
	struct finding findings[] = {
		RACE("use-after-free-1", 1, freeing, reading),
		RACE("data-race-2", 9, making, reading),
		RACE("data-race-3", 9, making, elsewhere),
		RACE("data-race-4", 9, making, another),
		RACE("data-race-5", 9, storing, reading),
	};
	findings[0].kind = FINDING_USE_AFTER_FREE;
	struct finding *list[5];
	mark(findings, 1, list);
	assert_follows(&findings[0], NULL);
	mark(findings, 4, list);
	assert_string_equal(list[0]->id, "use-after-free-1");
	assert_follows(&findings[1], "use-after-free-1");
	assert_follows(&findings[2], NULL);
	assert_follows(&findings[3], NULL);
	/* The slot that the object was got through explains more. */
	mark(findings, 5, list);
	assert_string_equal(list[0]->id,
			    "use-after-free-1"); /* the kind comes first all the same */
	assert_follows(&findings[1], "data-race-5");
	assert_follows(&findings[3], "data-race-5");
	assert_follows(&findings[4], NULL);
}

/* The first call that comes makes the type ready, whatever its line is. */
static void what_one_function_makes_and_stores_follows_from_the_slot(void **state)
{
	(void)state;
	struct participant making = SIDE(true, CORE("PyDict_New"), CORE("type_ready_set_dict"),
					 CORE("type_ready"), LINE("repr", 3));
	struct participant using =
		SIDE(false, CORE("find_name_in_mro"), CORE("get_attribute"), LINE("set", 4));
	struct participant storing = SIDE(true, CORE("set_tp_dict"), CORE("type_ready_set_dict"),
					  CORE("type_ready"), LINE("iter", 5));
	struct participant reading =
		SIDE(false, CORE("lookup_tp_dict"), CORE("get_attribute"), LINE("hash", 6));
	struct participant elsewhere = SIDE(false, CORE("lookup_tp_dict"), LINE("hash", 6));
	struct participant other =
		SIDE(true, CORE("set_tp_mro"), CORE("type_ready_mro"), LINE("iter", 5));
	struct finding findings[] = {
		RACE("data-race-1", 9, making, using),
		RACE("data-race-2", 1, storing, reading),
		RACE("data-race-3", 1, storing, elsewhere),
		RACE("data-race-4", 1, other, reading),
	};
	struct finding *list[4];
	mark(findings, 2, list);
	assert_follows(&findings[0], "data-race-2");
	assert_follows(&findings[1], NULL);
	/* Of two slots at the user's line it is the one that it came to in the same way. */
	struct participant same =
		SIDE(false, CORE("lookup_tp_dict"), CORE("get_attribute"), LINE("set", 4));
	struct participant index = SIDE(false, CORE("iter_set"), LINE("set", 4));
	struct participant sets = SIDE(true, CORE("iter_set"), LINE("repr", 3));
	struct participant readies = SIDE(true, CORE("set_tp_mro"), LINE("repr", 3));
	struct finding both[] = {
		RACE("data-race-1", 9, making, using),
		RACE("data-race-2", 5, sets, index),
		RACE("data-race-3", 1, readies, same),
	};
	mark(both, 3, list);
	assert_follows(&both[0], "data-race-3");
	both[2] = findings[1];
	both[2].id =
		(char *)"data-race-5"; /* or the one that the same function stores, whatever its lines */
	mark(both, 3, list);
	assert_follows(&both[0], "data-race-5");
	findings[1] = findings[2]; /* came there in another way */
	mark(findings, 2, list);
	assert_follows(&findings[0], NULL);
	findings[1] = findings[3]; /* another function's slot */
	mark(findings, 2, list);
	assert_follows(&findings[0], NULL);
}

static void a_race_on_a_count_follows_from_who_writes_it_plainly(void **state)
{
	(void)state;
	struct participant setting = SIDE(true, CORE("box_share"), SETS);
	struct participant looking = SIDE(false, CORE("dict_get"), CALLS);
	struct participant other = SIDE(true, CORE("box_fill"), SETS);
	struct finding findings[] = {
		{ .id = (char *)"reference-count-1",
		  .kind = FINDING_REFERENCE_COUNT,
		  .pattern = (char *)"plain",
		  .participants = &setting,
		  .participant_count = 1 },
		RACE("data-race-2", 1, looking, setting),
	};
	struct finding *list[2];
	findings[1].subject = (struct subject){ .kind = SUBJECT_OBJECT, .offset = 16 };
	mark(findings, 2, list);
	assert_follows(&findings[1], "reference-count-1");
	findings[1].subject.offset = 24; /* its type */
	mark(findings, 2, list);
	assert_follows(&findings[1], NULL);
	findings[1].subject.offset = 16;
	findings[1].participants[1] = other;
	mark(findings, 2, list);
	assert_follows(&findings[1], NULL);
	findings[1].participants[1] = setting;
	findings[0].pattern = NULL; /* it dropped one too many */
	mark(findings, 2, list);
	assert_follows(&findings[1], NULL);
}

static void marking_again_starts_anew(void **state)
{
	(void)state;
	struct participant making = SIDE(true, CORE("PyList_New"), SETS);
	struct participant reading = SIDE(false, CORE("list_length"), CALLS);
	struct participant storing = SIDE(true, CORE("dict_set"), SETS);
	struct finding findings[] = {
		RACE("data-race-1", 9, making, reading),
		RACE("data-race-2", 1, storing, reading),
	};
	struct finding *list[2];
	mark(findings, 2, list);
	mark(findings, 1, list);
	assert_follows(&findings[0], NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_crash_follows_from_the_race_that_is_its_cause),
		cmocka_unit_test(what_was_got_through_a_slot_is_listed_behind_the_slot),
		cmocka_unit_test(without_a_race_on_the_slot_nothing_follows),
		cmocka_unit_test(memory_that_somebody_else_got_since_has_no_line),
		cmocka_unit_test(memory_that_was_freed_in_use_comes_first),
		cmocka_unit_test(who_got_memory_that_was_freed_in_use_is_no_other_bug),
		cmocka_unit_test(what_one_function_makes_and_stores_follows_from_the_slot),
		cmocka_unit_test(a_race_on_a_count_follows_from_who_writes_it_plainly),
		cmocka_unit_test(marking_again_starts_anew),
	};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
