/* cause.c - which race a crash is told with, and which it is not. */
/* Before cmocka, whose fail() is a macro. */
#include "runner/base/util.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "runner/verdict/cause.h"

enum { PID = 41, TID = 43, RDI = 8, OBJECT = 0x7e1000, DATA = 0x7f1000 };

/* A process that raced on an array and its data, and crashed 0.2 s later. */
struct crash {
	struct trial trial;
	struct race_place races[2];
	struct finding race, finding;
	struct frame frames[4];
	struct participant threads[1], sides[2];
};

static struct frame frame(const char *function)
{
	return (struct frame){ .language = FRAME_C,
			       .function = (char *)function,
			       .module = (char *)"libpython3.14t.so" };
}

static void make(struct crash *crash)
{
	*crash = (struct crash){ .trial = { .pid = PID,
					    .crashed = true,
					    .crash_tid = TID,
					    .crash_nanoseconds = 1200000000 } };
	crash->frames[0] = frame("array_item");
	crash->frames[1] = frame("array_resize");
	crash->frames[2] = (struct frame){ .language = FRAME_PYTHON, .function = (char *)"test" };
	crash->threads[0] = (struct participant){ .tid = TID, .stack = { &crash->frames[0], 3 } };
	crash->sides[0].stack = (struct stack){ &crash->frames[0], 1 };
	crash->sides[1].stack = (struct stack){ &crash->frames[1], 1 };
	crash->race = (struct finding){ .id = (char *)"data-race-1",
					.kind = FINDING_DATA_RACE,
					.participants = crash->sides,
					.participant_count = 2 };
	crash->finding = (struct finding){ .kind = FINDING_CRASH,
					   .signal = (char *)"SIGSEGV",
					   .participants = crash->threads,
					   .participant_count = 1 };
	for (int i = 0; i < 2; i++)
		crash->races[i] = (struct race_place){ .pid = PID,
						       .start = i ? DATA : OBJECT,
						       .size = 64,
						       .type = (char *)"array.array",
						       .data = i,
						       .nanoseconds = 1000000000,
						       .finding = &crash->race };
}

static void place(struct crash *crash, uint64_t address, uint64_t start, uint8_t source,
		  const char *type, uint8_t flags)
{
	struct fts_crash_place *at = &crash->trial.crash_places[crash->trial.crash_place_count++];
	*at = (struct fts_crash_place){ address, start, 64, source, flags, "" };
	memcpy(at->type, type, strlen(type) + 1);
	if (source == FTS_PLACE_FAULT)
		crash->trial.crash.address = address;
}

static void assert_told(struct crash *crash, const char *because, const char *cause)
{
	cause_tell(&crash->trial, crash->races, 2, &crash->finding);
	if (because)
		assert_string_equal(crash->finding.because, because);
	else
		assert_null(crash->finding.because);
	if (cause)
		assert_string_equal(crash->finding.cause, cause);
	else
		assert_null(crash->finding.cause);
	free(crash->finding.because);
	free(crash->finding.cause);
	crash->finding.because = crash->finding.cause = NULL;
}

static void the_address_is_in_memory_that_was_raced_on(void **state)
{
	(void)state;
	struct crash crash;
	make(&crash);
	place(&crash, OBJECT + 8, OBJECT, FTS_PLACE_FAULT, "array.array", 0);
	assert_told(&crash,
		    "the address is in the array.array on which data-race-1 was reported 0.2 s "
		    "before",
		    "data-race-1");
	make(&crash);
	place(&crash, DATA + 8, DATA, FTS_PLACE_FAULT, "", FTS_PLACE_FREED);
	assert_told(&crash,
		    "the address is in the data of the array.array on which data-race-1 was "
		    "reported 0.2 s before; it has been freed",
		    "data-race-1");
	/* It has been unmapped, and nobody knows anything of it. */
	make(&crash);
	crash.trial.crash.address = DATA + 8;
	crash.trial.crash_nanoseconds = 1010000000;
	assert_told(&crash,
		    "the address is in the data of the array.array on which data-race-1 was "
		    "reported just before",
		    "data-race-1");
}

static void another_process_race_or_object_is_no_cause(void **state)
{
	(void)state;
	struct crash crash;
	make(&crash);
	crash.trial.crash.address = DATA + 64; /* the next one's */
	assert_told(&crash, NULL, NULL);
	make(&crash);
	place(&crash, OBJECT + 8, OBJECT, FTS_PLACE_FAULT, "dict", 0); /* it is a dict's by now */
	assert_told(&crash, NULL, NULL);
	make(&crash);
	crash.trial.crash.address = DATA + 8;
	crash.races[1].pid = PID + 1;
	assert_told(&crash, NULL, NULL);
	make(&crash);
	crash.trial.crash.address = DATA + 8;
	crash.races[1].nanoseconds = 1300000000; /* after it */
	assert_told(&crash, NULL, NULL);
	/* An address that the kernel does not tell. */
	make(&crash);
	crash.races[1].start = 0;
	assert_told(&crash, NULL, NULL);
}

static void a_register_counts_in_a_function_of_the_race_only(void **state)
{
	(void)state;
	struct crash crash;
	make(&crash);
	place(&crash, OBJECT, OBJECT, RDI, "array.array", 0);
	assert_told(&crash,
		    "rdi points to the array.array on which data-race-1 was reported 0.2 s before, "
		    "in the same function",
		    "data-race-1");
	make(&crash);
	place(&crash, OBJECT, OBJECT, RDI, "array.array", 0);
	crash.frames[3] = frame("elsewhere");
	crash.threads[0].stack = (struct stack){ &crash.frames[2], 2 }; /* below a call of Python */
	assert_told(&crash, NULL, NULL);
}

static void a_crash_in_the_allocator_follows_from_memory_freed_in_use(void **state)
{
	(void)state;
	struct crash crash;
	make(&crash);
	struct frame allocating[] = { frame("mi_page_malloc"), frame("PyTuple_New") };
	struct frame freeing[] = { frame("mi_free"), frame("array_dealloc") };
	crash.threads[0].stack = (struct stack){ allocating, 2 };
	assert_told(&crash, NULL, NULL); /* a race on a length corrupts no heap */
	crash.sides[1].stack = (struct stack){ freeing, 2 };
	crash.sides[1].frees = crash.sides[1].write = true;
	assert_told(&crash,
		    "the heap is corrupted: the array.array was used while it was freed or moved "
		    "(data-race-1, reported 0.2 s before)",
		    "data-race-1");
	/* A thread that is caught in the allocator: the process did not crash. */
	crash.trial.crashed = false;
	assert_told(&crash,
		    "the heap is corrupted: the array.array was used while it was freed or moved "
		    "(data-race-1, reported before)",
		    "data-race-1");
	crash.trial.crashed = true;
	crash.race.kind = FINDING_BAD_FREE;
	crash.race.participant_count = 1;
	assert_told(&crash,
		    "the heap is corrupted: the array.array was freed by the wrong function "
		    "(data-race-1, reported 0.2 s before)",
		    "data-race-1");
	crash.threads[0].stack = (struct stack){ crash.frames, 1 };
	assert_told(&crash, NULL, NULL); /* elsewhere it proves nothing */
}

static void a_free_block_and_the_end_of_a_stack_are_told_without_a_race(void **state)
{
	(void)state;
	struct crash crash;
	make(&crash);
	place(&crash, 0x7d2008, 0x7d2000, FTS_PLACE_FAULT, "", FTS_PLACE_FREED);
	assert_told(&crash, "the address is in a block of 64 bytes that has been freed", NULL);
	make(&crash);
	place(&crash, DATA + 8, 0, FTS_PLACE_FAULT, "", FTS_PLACE_STACK);
	assert_told(&crash,
		    "the stack has overflown: the address is where the memory of the thread's "
		    "stack ends",
		    NULL);
}

static void the_object_of_a_failed_check_is_told_with_what_raced_on_it(void **state)
{
	(void)state;
	struct crash crash;
	make(&crash);
	crash.finding.signal = (char *)"SIGABRT";
	place(&crash, OBJECT, OBJECT, FTS_PLACE_CHECK, "array.array", 0);
	assert_told(&crash,
		    "the check is of an object of the type array.array, on which data-race-1 was "
		    "reported 0.2 s before",
		    "data-race-1");
	crash.races[0].start += 128; /* of another one */
	assert_told(&crash, "the check is of an object of the type array.array", NULL);
	make(&crash);
	place(&crash, 0x7d2000, 0x7d2000, FTS_PLACE_CHECK, "", FTS_PLACE_FREED);
	assert_told(&crash, "the check is of an object that has been freed", NULL);
}

static void a_crash_in_the_tools_own_library_is_told_as_that_unless_a_race_explains_it(void **state)
{
	(void)state;
	struct crash crash;
	make(&crash);
	crash.frames[0].module = (char *)"libftstress.so";
	assert_told(&crash,
		    "it crashed in ftstress's own library, in array_item(): either memory was "
		    "corrupt by then, or that is a bug of ftstress's; without other findings on "
		    "the object please report it",
		    NULL);
	place(&crash, OBJECT + 8, OBJECT, FTS_PLACE_FAULT, "array.array", 0);
	assert_told(&crash,
		    "the address is in the array.array on which data-race-1 was reported 0.2 s "
		    "before",
		    "data-race-1");
}

/* Threads that wait in Ring.take(), which race() raced in, with a ring in hand. */
struct hang {
	struct crash crash;
	struct frame stack[3];
	uint64_t held[1];
	struct captured_thread thread;
};

static void make_hang(struct hang *hang)
{
	make(&hang->crash);
	hang->crash.trial.crashed = false;
	hang->stack[0] = (struct frame){ .language = FRAME_C, .function = (char *)"futex_wait" };
	for (int i = 1; i < 3; i++)
		hang->stack[i] =
			(struct frame){ .language = FRAME_PYTHON,
					.function = (char *)(i == 1 ? "Ring.take" : "test"),
					.file = (char *)"ring.py",
					.line = 10 * i };
	hang->crash.threads[0].stack = (struct stack){ hang->stack, 3 };
	hang->crash.finding.kind = FINDING_HANG;
	hang->crash.frames[1] = hang->stack[1];
	hang->crash.frames[1].line = 14;
	hang->held[0] = OBJECT;
	hang->thread = (struct captured_thread){ .tid = TID, .held = hang->held, .held_count = 1 };
}

static void assert_hang(struct hang *hang, const char *because)
{
	struct finding *finding = &hang->crash.finding;
	const struct capture capture = { .threads = &hang->thread, .count = 1 };
	cause_tell_hang(&hang->crash.trial, &capture, hang->crash.races, 2, finding);
	if (because)
		assert_string_equal(finding->because, because);
	else
		assert_null(finding->because);
	assert_true(!because == !finding->cause);
	free(finding->because);
	free(finding->cause);
	finding->because = finding->cause = NULL;
}

static void a_hang_is_told_with_the_race_on_what_its_thread_has_in_hand(void **state)
{
	(void)state;
	static const char in_take[] =
		"a thread that does not go on is in Ring.take, and has the array.array in hand on "
		"which data-race-1 was reported before, in the same function";
	struct hang hang;
	make_hang(&hang);
	assert_hang(&hang, in_take);
	hang.crash.race.kind = FINDING_PYTHON_RACE;
	assert_hang(&hang, in_take);
	hang.held[0] = OBJECT + 16; /* another ring */
	assert_hang(&hang, NULL);
	make_hang(&hang);
	hang.crash.races[0].pid = PID + 1; /* of another process */
	assert_hang(&hang, NULL);
	/* Where the object is made, or let go, the race says nothing of it. */
	make_hang(&hang);
	hang.crash.race.rank = RANK_UNPUBLISHED;
	assert_hang(&hang, NULL);
	/* The test itself has everything in hand: it has to be the race's line. */
	make_hang(&hang);
	hang.crash.frames[1].function = (char *)"test";
	assert_hang(&hang, NULL);
	hang.crash.frames[1].line = 20;
	assert_hang(&hang,
		    "a thread that does not go on is in test, and has the array.array in hand "
		    "on which data-race-1 was reported before, in the same function");
	/* A function in C that Python has called; not what the interpreter has for everybody. */
	make_hang(&hang);
	hang.crash.frames[1] = hang.crash.frames[0];
	hang.stack[0] = frame("array_item");
	assert_hang(&hang, NULL);
	hang.crash.frames[0].module = hang.stack[0].module = (char *)"ring.so";
	assert_hang(&hang,
		    "a thread that does not go on is in array_item, and has the array.array "
		    "in hand on which data-race-1 was reported before, in the same function");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_hang_is_told_with_the_race_on_what_its_thread_has_in_hand),
		cmocka_unit_test(the_address_is_in_memory_that_was_raced_on),
		cmocka_unit_test(another_process_race_or_object_is_no_cause),
		cmocka_unit_test(a_register_counts_in_a_function_of_the_race_only),
		cmocka_unit_test(a_crash_in_the_allocator_follows_from_memory_freed_in_use),
		cmocka_unit_test(a_free_block_and_the_end_of_a_stack_are_told_without_a_race),
		cmocka_unit_test(the_object_of_a_failed_check_is_told_with_what_raced_on_it),
		cmocka_unit_test(
			a_crash_in_the_tools_own_library_is_told_as_that_unless_a_race_explains_it),
	};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
