/* lockgraph.c - which lock orders are cycles that can deadlock. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "runner/locks/lockgraph.h"

struct cycles {
	size_t count, length;
	struct lockgraph_part parts[LOCKGRAPH_CYCLE_MAX];
};

static void note(void *context, const struct lockgraph_part *parts, size_t count)
{
	struct cycles *cycles = context;
	cycles->count++;
	cycles->length = count;
	memcpy(cycles->parts, parts, count * sizeof *parts);
}

/* Lock 'a' is the only one of its class; 'A' one of several. */
static struct lockgraph_lock lock_of(char name)
{
	bool single = name >= 'a';
	return (struct lockgraph_lock){ .class = single ? (uint64_t)name : 7,
					.single = single,
					.address = (uint64_t)name * 64,
					.kind = FTS_LOCK_PTHREAD };
}

static uint64_t clock_now;

/* "ab": holding a, thread `thread` of process `process` waits for b. */
static void take_as(struct lockgraph *graph, uint64_t process, uint32_t thread, const char *names,
		    uint32_t held_flags, uint32_t wanted_flags)
{
	struct lockgraph_lock locks[8];
	size_t count = strlen(names);
	for (size_t i = 0; i < count; i++) {
		locks[i] = lock_of(names[i]);
		locks[i].flags = i + 1 < count ? held_flags : wanted_flags;
	}
	lockgraph_add(graph, &(struct lockgraph_chain){ .process = process,
							.thread = thread,
							.sequence = ++clock_now,
							.locks = locks,
							.count = count });
}

static void take(struct lockgraph *graph, uint64_t process, uint32_t thread, const char *names)
{
	take_as(graph, process, thread, names, 0, 0);
}

static void tell(struct lockgraph *graph, uint32_t kind, uint32_t thread, uint32_t other)
{
	struct fts_lock_event event = {
		.kind = kind, .thread = thread, .other = other, .sequence = ++clock_now
	};
	lockgraph_event(graph, 1, &event);
}

static struct cycles search(struct lockgraph *graph)
{
	struct cycles cycles = { 0 };
	lockgraph_search(graph, note, &cycles);
	return cycles;
}

static void expect(struct lockgraph *graph, size_t count)
{
	struct cycles cycles = search(graph);
	lockgraph_free(graph);
	assert_int_equal(cycles.count, count);
}

static void two_orders_are_a_cycle(void **state)
{
	struct lockgraph *graph = lockgraph_new();
	(void)state;
	take(graph, 1, 1, "ab");
	take(graph, 1, 2, "ba");
	struct cycles cycles = search(graph);
	assert_int_equal(cycles.count, 1);
	assert_int_equal(cycles.length, 2);
	assert_int_equal(cycles.parts[0].wanted.class, cycles.parts[1].held.class);
	assert_int_equal(search(graph).count, 0); /* told once */
	lockgraph_free(graph);
}

static void a_circle_of_four_is_one_cycle(void **state)
{
	struct lockgraph *graph = lockgraph_new();
	(void)state;
	take(graph, 1, 1, "ab");
	take(graph, 1, 2, "bc");
	take(graph, 1, 3, "cd");
	take(graph, 1, 4, "da");
	expect(graph, 1);
}

static void one_order_is_no_cycle(void **state)
{
	struct lockgraph *graph = lockgraph_new();
	(void)state;
	take(graph, 1, 1, "ab");
	take(graph, 1, 2, "bc");
	take(graph, 1, 3, "ac");
	expect(graph, 0);
}

static void both_orders_of_one_thread_are_no_cycle(void **state)
{
	struct lockgraph *graph = lockgraph_new();
	(void)state;
	take(graph, 1, 1, "ab");
	take(graph, 1, 1, "ba");
	expect(graph, 0);
}

static void a_cycle_guarded_by_a_gate_lock_is_not_reported(void **state)
{
	struct lockgraph *graph = lockgraph_new();
	(void)state;
	take(graph, 1, 1, "gab");
	take(graph, 1, 2, "gba");
	expect(graph, 0);
}

static void a_gate_of_one_side_guards_nothing(void **state)
{
	struct lockgraph *graph = lockgraph_new();
	(void)state;
	take(graph, 1, 1, "gab");
	take(graph, 1, 2, "ba");
	expect(graph, 1);
}

static void a_join_between_the_orders_makes_them_safe(void **state)
{
	struct lockgraph *graph = lockgraph_new();
	(void)state;
	tell(graph, FTS_LOCK_STARTED, 0, 1);
	take(graph, 1, 1, "ab");
	tell(graph, FTS_LOCK_JOINED, 0, 1);
	tell(graph, FTS_LOCK_STARTED, 0, 2);
	take(graph, 1, 2, "ba");
	expect(graph, 0);
}

static void a_join_after_the_start_of_the_other_orders_nothing(void **state)
{
	struct lockgraph *graph = lockgraph_new();
	(void)state;
	tell(graph, FTS_LOCK_STARTED, 0, 1);
	tell(graph, FTS_LOCK_STARTED, 0, 2);
	take(graph, 1, 1, "ab");
	tell(graph, FTS_LOCK_JOINED, 0, 1);
	take(graph, 1, 2, "ba");
	expect(graph, 1);
}

static void what_joins_made_safe_stays_safe_in_later_iterations(void **state)
{
	struct lockgraph *graph = lockgraph_new();
	(void)state;
	take(graph, 1, 1, "ab");
	tell(graph, FTS_LOCK_JOINED, 0, 1);
	tell(graph, FTS_LOCK_STARTED, 0, 2);
	take(graph, 1, 2, "ba");
	assert_int_equal(search(graph).count, 0);
	lockgraph_iteration_end(graph);
	take(graph, 2, 1, "cd");
	take(graph, 2, 1, "ab");
	expect(graph, 0);
}

static void the_orders_may_come_from_different_iterations(void **state)
{
	struct lockgraph *graph = lockgraph_new();
	(void)state;
	take(graph, 1, 1, "ab");
	assert_int_equal(search(graph).count, 0);
	lockgraph_iteration_end(graph);
	take(graph, 2, 2, "ba");
	expect(graph, 1);
}

static void instances_of_different_processes_are_different_locks(void **state)
{
	struct lockgraph *graph = lockgraph_new();
	(void)state;
	take(graph, 1, 1, "AB");
	lockgraph_iteration_end(graph);
	take(graph, 2, 2, "BA");
	expect(graph, 0);
}

/* Holding one, the thread waits for the other; each is the only one of its class. */
static void take_in(struct lockgraph *graph, uint64_t process, uint32_t thread,
		    struct lockgraph_lock held, struct lockgraph_lock wanted)
{
	struct lockgraph_lock locks[] = { held, wanted };
	lockgraph_add(graph, &(struct lockgraph_chain){ .process = process,
							.thread = thread,
							.sequence = ++clock_now,
							.locks = locks,
							.count = 2 });
}

static void take_two(struct lockgraph *graph, uint64_t process, struct lockgraph_lock held,
		     struct lockgraph_lock wanted)
{
	take_in(graph, process, (uint32_t)process, held, wanted);
}

static struct lockgraph_lock made_by(uint64_t maker, uint64_t class, uint64_t address)
{
	return (struct lockgraph_lock){ .class = class,
					.maker = maker,
					.single = true,
					.address = address,
					.kind = FTS_LOCK_LOCK };
}

/* Two objects that different places make; the line of the lock is that of their class. */
static void locks_of_one_line_are_not_matched_between_processes(void **state)
{
	struct lockgraph *graph = lockgraph_new();
	(void)state;
	take_two(graph, 1, made_by(9, 1, 64), made_by(9, 2, 128));
	assert_int_equal(search(graph).count, 0);
	lockgraph_iteration_end(graph);
	take_two(graph, 2, made_by(9, 2, 128), made_by(9, 1, 64));
	expect(graph, 0);
}

/* The second lock of a line comes up when the first has been taken for the only one. */
static void locks_of_one_line_are_a_cycle_in_one_process(void **state)
{
	struct lockgraph *graph = lockgraph_new();
	(void)state;
	take_two(graph, 1, made_by(9, 1, 64), made_by(9, 2, 128));
	take_in(graph, 1, 2, made_by(9, 2, 128), made_by(9, 1, 64));
	expect(graph, 1);
	graph = lockgraph_new();
	take_two(graph, 1, made_by(9, 1, 64), made_by(8, 3, 128));
	take_in(graph, 1, 2, made_by(8, 3, 128), made_by(9, 1, 64));
	take_in(graph, 1, 3, made_by(9, 2, 256), made_by(8, 3, 128));
	expect(graph, 1);
	/* Each of two threads has two locks of its own. */
	graph = lockgraph_new();
	take_two(graph, 1, made_by(9, 1, 64), made_by(8, 3, 128));
	take_in(graph, 1, 2, made_by(8, 3, 128), made_by(9, 2, 256));
	expect(graph, 0);
}

static void locks_of_two_lines_are_matched_between_processes(void **state)
{
	struct lockgraph *graph = lockgraph_new();
	(void)state;
	take_two(graph, 1, made_by(8, 1, 64), made_by(9, 2, 128));
	assert_int_equal(search(graph).count, 0);
	lockgraph_iteration_end(graph);
	take_two(graph, 2, made_by(9, 2, 128), made_by(8, 1, 64));
	expect(graph, 1);
}

static void an_order_by_address_is_no_cycle_between_processes(void **state)
{
	struct lockgraph *graph = lockgraph_new();
	(void)state;
	take_two(graph, 1, made_by(8, 1, 64), made_by(9, 2, 128));
	assert_int_equal(search(graph).count, 0);
	lockgraph_iteration_end(graph);
	take_two(graph, 2, made_by(9, 2, 64), made_by(8, 1, 128));
	expect(graph, 0);
}

static void instances_of_one_process_are_told_apart(void **state)
{
	struct lockgraph *graph = lockgraph_new();
	(void)state;
	take(graph, 1, 1, "AB");
	take(graph, 1, 2, "CA");
	assert_int_equal(search(graph).count, 0);
	take(graph, 1, 2, "BA");
	expect(graph, 1);
}

static void a_lock_at_a_freed_address_is_another_lock(void **state)
{
	struct lockgraph *graph = lockgraph_new();
	(void)state;
	take(graph, 1, 1, "AB");
	struct fts_lock_event freed = { .kind = FTS_LOCK_FREED,
					.sequence = ++clock_now,
					.address = 'B' * 64 - 16,
					.size = 32 };
	lockgraph_event(graph, 1, &freed);
	take(graph, 1, 2, "BA");
	expect(graph, 0);
}

static void a_lock_used_as_a_signal_makes_no_cycle(void **state)
{
	struct lockgraph *graph = lockgraph_new();
	(void)state;
	take(graph, 1, 1, "ab");
	take(graph, 1, 2, "ba");
	struct fts_lock_event signal = { .kind = FTS_LOCK_SIGNAL, .address = 'a' * 64 };
	lockgraph_event(graph, 1, &signal);
	expect(graph, 0);
}

static void readers_do_not_wait_for_readers(void **state)
{
	struct lockgraph *graph = lockgraph_new();
	(void)state;
	take_as(graph, 1, 1, "ab", FTS_HELD_SHARED, FTS_HELD_SHARED);
	take_as(graph, 1, 2, "ba", FTS_HELD_SHARED, FTS_HELD_SHARED);
	expect(graph, 0);
}

static void readers_and_writers_wait_for_each_other(void **state)
{
	struct lockgraph *graph = lockgraph_new();
	(void)state;
	take_as(graph, 1, 1, "ab", FTS_HELD_SHARED, 0);
	take_as(graph, 1, 2, "ba", FTS_HELD_SHARED, 0);
	expect(graph, 1);
}

static void give_back(struct lockgraph *graph, uint64_t address, uint64_t size)
{
	lockgraph_event(graph, 1,
			&(struct fts_lock_event){ .kind = FTS_LOCK_FREED,
						  .address = address,
						  .size = size,
						  .sequence = ++clock_now });
}

static void a_lock_in_a_block_that_was_given_back_is_another_one(void **state)
{
	(void)state;
	static const uint64_t sizes[] = { 1, 8, 9, 64, 100, 4096 };
	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		for (uint64_t before = 0; before <= sizes[i]; before++) {
			struct lockgraph *graph = lockgraph_new();
			give_back(graph, 'A' * 64 + 1, 4); /* beside it */
			take(graph, 1, 1, "AB");
			give_back(graph, 'A' * 64 - before, sizes[i]);
			take(graph, 1, 2, "BA");
			/* In the block: A was another lock. It is not when the block ends at it. */
			expect(graph, before < sizes[i] ? 0 : 1);
			if (before > 70)
				before += 500;
		}
	}
}

static void many_blocks_and_orders_are_looked_at_in_no_time(void **state)
{
	(void)state;
	enum { MANY = 60000 };
	struct lockgraph *graph = lockgraph_new();
	for (uint64_t i = 0; i < MANY; i++)
		give_back(graph, 0x100000 + i * 64, 16 + i % 500);
	clock_t begun = clock();
	for (uint64_t i = 0; i < MANY / 4; i++)
		take(graph, 1, 1, i % 2 ? "AB" : "CD");
	search(graph);
	/* Looking at each block for each lock took 12 s. */
	assert_true(clock() - begun < 4 * CLOCKS_PER_SEC);
	lockgraph_free(graph);
}

static void a_search_that_is_cut_short_is_counted(void **state)
{
	(void)state;
	struct lockgraph *graph = lockgraph_new();
	char order[3] = { 0 };
	/* Every lock is taken before and after every other one, by one thread: no cycle, many ways. */
	for (order[0] = 'a'; order[0] < 'z'; order[0]++)
		for (order[1] = 'a'; order[1] < 'z'; order[1]++)
			if (order[0] != order[1])
				take(graph, 1, 1, order);
	assert_int_equal(lockgraph_limits(graph).cycles, 0);
	assert_int_equal(search(graph).count, 0);
	assert_true(lockgraph_limits(graph).cycles > 0);
	assert_int_equal(lockgraph_limits(graph).witnesses, 0);
	lockgraph_iteration_end(graph);
	assert_true(lockgraph_limits(graph).cycles > 0);
	lockgraph_free(graph);
}

static void a_cycle_refuted_by_a_sample_is_counted(void **state)
{
	(void)state;
	struct lockgraph *graph = lockgraph_new();
	for (int i = 0; i < 60; i++)
		take(graph, 1, 1, "ab");
	take(graph, 1, 2, "ab"); /* this one could meet the next; it is not kept */
	take(graph, 1, 1, "ba");
	assert_int_equal(search(graph).count, 0);
	assert_int_equal(lockgraph_limits(graph).witnesses, 1);
	lockgraph_free(graph);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(two_orders_are_a_cycle),
		cmocka_unit_test(a_circle_of_four_is_one_cycle),
		cmocka_unit_test(one_order_is_no_cycle),
		cmocka_unit_test(both_orders_of_one_thread_are_no_cycle),
		cmocka_unit_test(a_cycle_guarded_by_a_gate_lock_is_not_reported),
		cmocka_unit_test(a_gate_of_one_side_guards_nothing),
		cmocka_unit_test(a_join_between_the_orders_makes_them_safe),
		cmocka_unit_test(a_join_after_the_start_of_the_other_orders_nothing),
		cmocka_unit_test(what_joins_made_safe_stays_safe_in_later_iterations),
		cmocka_unit_test(the_orders_may_come_from_different_iterations),
		cmocka_unit_test(instances_of_different_processes_are_different_locks),
		cmocka_unit_test(locks_of_one_line_are_not_matched_between_processes),
		cmocka_unit_test(locks_of_one_line_are_a_cycle_in_one_process),
		cmocka_unit_test(locks_of_two_lines_are_matched_between_processes),
		cmocka_unit_test(an_order_by_address_is_no_cycle_between_processes),
		cmocka_unit_test(instances_of_one_process_are_told_apart),
		cmocka_unit_test(a_lock_at_a_freed_address_is_another_lock),
		cmocka_unit_test(a_lock_used_as_a_signal_makes_no_cycle),
		cmocka_unit_test(readers_do_not_wait_for_readers),
		cmocka_unit_test(readers_and_writers_wait_for_each_other),
		cmocka_unit_test(a_lock_in_a_block_that_was_given_back_is_another_one),
		cmocka_unit_test(many_blocks_and_orders_are_looked_at_in_no_time),
		cmocka_unit_test(a_search_that_is_cut_short_is_counted),
		cmocka_unit_test(a_cycle_refuted_by_a_sample_is_counted),
	};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
