/* schedules.c - every order with at most two switches is handed out once, and none is left out. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "runner/plan/schedules.h"
#include "runner/base/map.h"
#include "runner/base/util.h"

/* Last: it defines a macro of the name of util.h's fail(). */
#include <cmocka.h>

/*
 * A program of three threads, of which each touches a variable STEPS times. Who is passed over goes to
 * the end of the queue.
 */
enum { THREADS = 3, STEPS = 3, TOUCHES = THREADS * STEPS };

struct played {
	struct fts_touch touches[TOUCHES];
	size_t count;
	bool left;
};

struct queue {
	unsigned threads[THREADS], count;
};

static void take_out(struct queue *queue, unsigned thread)
{
	unsigned kept = 0;
	for (unsigned i = 0; i < queue->count; i++)
		if (queue->threads[i] != thread)
			queue->threads[kept++] = queue->threads[i];
	queue->count = kept;
}

static uint64_t bits_of(const struct queue *queue)
{
	uint64_t bits = 0;
	for (unsigned i = 0; i < queue->count; i++)
		bits |= 1ull << queue->threads[i];
	return bits;
}

/* `own`: of each thread's touches all but the first are of a variable that no other one uses. */
static struct played play(uint64_t switches, bool own)
{
	struct played played = { .count = 0 };
	struct queue queue = { { 1, 2 }, 2 };
	unsigned done[THREADS] = { 0 }, running = 0;
	while (played.count < TOUCHES) {
		struct fts_touch *touch = &played.touches[played.count++];
		*touch = (struct fts_touch){ .variable = own && done[running] ? 100 + running : 7,
					     .ready = bits_of(&queue),
					     .point = (uint32_t)played.count,
					     .thread = (uint8_t)running,
					     .write = 1 };
		bool over = ++done[running] == STEPS;
		unsigned next = running;
		if ((uint32_t)switches / FTS_SWITCH_THREADS == touch->point) {
			next = (uint32_t)switches % FTS_SWITCH_THREADS;
			switches >>= 32;
			played.left = played.left || !(touch->ready >> next & 1);
			take_out(&queue, next);
			queue.threads[queue.count++] = running;
		}
		/* One that has nothing left to do ends as soon as it goes on. */
		while ((over || done[next] == STEPS) && queue.count &&
		       (next == running ? over : done[next] == STEPS)) {
			next = queue.threads[0];
			take_out(&queue, next);
		}
		running = next;
	}
	return played;
}

/* Without schedules.c: each pair of switches in turn. */
static void count_all(uint64_t counts[SCHEDULES_LEVELS], bool own)
{
	struct played none = play(0, own);
	counts[0] = 1;
	counts[1] = counts[2] = 0;
	for (size_t i = 0; i < none.count; i++)
		for (unsigned t = 0; t < THREADS; t++) {
			if (!(none.touches[i].ready >> t & 1) || none.touches[i].variable != 7)
				continue;
			counts[1]++;
			uint32_t first = FTS_SWITCH(i + 1, t);
			struct played one = play(FTS_SWITCHES(first, 0), own);
			for (size_t j = i + 1; j < one.count; j++)
				counts[2] += one.touches[j].variable != 7
						     ? 0
						     : (uint64_t)__builtin_popcountll(
							       one.touches[j].ready);
		}
}

static struct schedules_count run_all(bool own)
{
	struct schedules *schedules = schedules_new(5);
	struct map seen = { 0 };
	uint64_t switches;
	while (schedules_next(schedules, &switches)) {
		assert_int_equal(map_get(&seen, switches + 1), MAP_NONE);
		map_set(&seen, switches + 1, 1);
		struct played played = play(switches, own);
		assert_false(played.left);
		schedules_take(schedules, switches, FTS_SCHEDULE_DONE, played.touches,
			       played.count);
	}
	assert_true(schedules_are_over(schedules));
	struct schedules_count count = schedules_count(schedules);
	map_free(&seen);
	schedules_free(schedules);
	return count;
}

static void all_orders_with_at_most_two_switches_are_run_once(void **state)
{
	(void)state;
	uint64_t wanted[SCHEDULES_LEVELS];
	count_all(wanted, false);
	struct schedules_count count = run_all(false);
	assert_memory_equal(count.known, wanted, sizeof wanted);
	assert_memory_equal(count.run, wanted, sizeof wanted);
	assert_int_equal(count.known[1], 2 + 2 + 2 + 1 + 1 + 1); /* the last thread is alone */
	assert_int_equal(count.places, 6);
	assert_true(count.whole);
	char *text = schedules_text(&count);
	assert_non_null(strstr(text, "all "));
	assert_non_null(strstr(text, "6 places"));
	free(text);
}

static void what_only_one_thread_uses_is_no_place(void **state)
{
	(void)state;
	uint64_t wanted[SCHEDULES_LEVELS];
	count_all(wanted, true);
	struct schedules_count count = run_all(true);
	assert_memory_equal(count.known, wanted, sizeof wanted);
	assert_int_equal(count.known[1], 2 + 1);
}

static void what_is_only_read_is_no_place(void **state)
{
	(void)state;
	struct schedules *schedules = schedules_new(5);
	uint64_t switches;
	struct played played = play(0, false);
	for (size_t i = 0; i < played.count; i++)
		played.touches[i].write = 0;
	assert_true(schedules_next(schedules, &switches));
	schedules_take(schedules, switches, FTS_SCHEDULE_DONE, played.touches, played.count);
	assert_false(schedules_next(schedules, &switches));
	assert_true(schedules_are_over(schedules));
	schedules_free(schedules);
}

static void while_one_is_out_those_behind_it_wait(void **state)
{
	(void)state;
	struct schedules *schedules = schedules_new(5);
	uint64_t switches, other;
	assert_true(schedules_next(schedules, &switches));
	assert_int_equal(switches, 0);
	assert_false(schedules_next(schedules, &other));
	assert_false(schedules_are_over(schedules));
	struct played played = play(0, false);
	schedules_take(schedules, switches, FTS_SCHEDULE_DONE, played.touches, played.count);
	assert_true(schedules_next(schedules, &other));
	assert_int_equal(other >> 32, 0);
	struct schedules_count count = schedules_count(schedules);
	assert_false(count.whole);
	char *text = schedules_text(&count);
	assert_non_null(strstr(text, "1 of at least 10 orders"));
	free(text);
	schedules_free(schedules);
}

static void what_goes_another_way_or_dies_is_told(void **state)
{
	(void)state;
	struct schedules *schedules = schedules_new(5);
	uint64_t switches;
	struct played played = play(0, false);
	assert_true(schedules_next(schedules, &switches));
	schedules_take(schedules, switches, FTS_SCHEDULE_DONE, played.touches, played.count);
	for (unsigned i = 0; i < 9; i++) {
		assert_true(schedules_next(schedules, &switches));
		schedules_take(schedules, switches, i ? FTS_SCHEDULE_DONE | FTS_SCHEDULE_LEFT : 0,
			       NULL, 0);
	}
	struct schedules_count count = schedules_count(schedules);
	assert_int_equal(count.left, 8);
	assert_int_equal(count.dark, 1);
	assert_false(count.whole);
	char *text = schedules_text(&count);
	assert_non_null(strstr(text, "8 did not come by as planned"));
	assert_non_null(strstr(text, "1 ended before"));
	free(text);
	schedules_free(schedules);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_orders_with_at_most_two_switches_are_run_once),
		cmocka_unit_test(what_only_one_thread_uses_is_no_place),
		cmocka_unit_test(what_is_only_read_is_no_place),
		cmocka_unit_test(while_one_is_out_those_behind_it_wait),
		cmocka_unit_test(what_goes_another_way_or_dies_is_told),
	};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
