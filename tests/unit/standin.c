/*
 * standin.c - locks held, in ThreadSanitizer's history: interpose/locks/locks_standin.c and history.h,
 * with a state of TSan's that is made here. The test reads it as TSan does: what was held at a place
 * of the trace is found from the beginning of its part, which has the set of that moment.
 */
#undef _GNU_SOURCE
#include "interpose/locks/locks_standin.c"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

struct fts_layout python_at = { .lock_mutex = 32 };

struct history history;
void (*variables_holds)(const void *lock, bool reentrant, bool takes);

uint64_t python_identity(uint64_t address, enum fts_lock_kind kind)
{
	return address << 28 | kind;
}

/* ---- TSan, as far as it is of interest ---- */

/* A part is a page, and begins with a head. */
enum { PART_WORDS = 512, PART_HEAD = 2, PARTS = 16 };

static struct {
	uint64_t before;
	struct history_set set;
	uint64_t *at;
} state;
static __thread char *current;
static _Alignas(4096) uint64_t trace[PARTS][PART_WORDS];
static unsigned parts; /* begun */
static uint64_t *part; /* the newest */
static bool stuck;     /* no part can be begun */

static void begin_part(void)
{
	part = trace[parts++ % PARTS] + PART_HEAD; /* at last, old ones are written over */
	state.at = part;
	for (uint64_t i = 0; i < state.set.count; i++)
		for (uint32_t n = 0; n < state.set.mutexes[i].count; n++) {
			*state.at++ = HISTORY_LOCK;
			*state.at++ = history_entry(state.set.mutexes[i].address);
		}
}

bool history_make_room(char *thread)
{
	if (!history_has_room(thread) && !stuck)
		begin_part();
	return history_has_room(thread);
}

/* What the trace says that the thread holds now: how often each of the classes. */
static void read_trace(unsigned held[CLASSES])
{
	memset(held, 0, CLASSES * sizeof *held);
	for (const uint64_t *at = part; at < state.at; at++) {
		uint64_t entry = *at, change = 1;
		if (entry == HISTORY_LOCK)
			entry = *++at;
		else if ((entry & 31) == HISTORY_UNLOCK)
			change = UINT64_MAX;
		else
			continue;
		uint64_t offset = (entry - history_entry((uint64_t)places)) >> HISTORY_ADDRESS_AT;
		assert_true(offset < sizeof places);
		held[offset / sizeof *places] += (unsigned)change;
	}
}

static unsigned in_set(unsigned class)
{
	for (uint64_t i = 0; i < state.set.count; i++)
		if (state.set.mutexes[i].address == (uint64_t)&places[class])
			return state.set.mutexes[i].count;
	return 0;
}

/* The two agree, now and at every moment; returns how many locks they have. */
static unsigned held_now(void)
{
	unsigned held[CLASSES], count = 0;
	read_trace(held);
	for (unsigned class = 0; class < CLASSES; class++) {
		assert_int_equal(held[class], in_set(class));
		count += held[class];
	}
	return count;
}

/* ---- the rest of the library ---- */

static unsigned limits[FTS_LIMIT_COUNT];
static unsigned locked; /* how often the lock of the classes was acquired */

void ring_limit(enum fts_limit limit)
{
	limits[limit]++;
}

bool object_find(uint64_t address, struct object *object)
{
	(void)address, (void)object;
	locked++; /* a class is described once, before the lock is acquired */
	return false;
}

bool object_type_name(uint64_t type, char *name, uint64_t room)
{
	locked++;
	snprintf(name, room, "%s", (const char *)type);
	return true;
}

void python_module_name(uint64_t module_lock, char *name, unsigned room)
{
	(void)module_lock, (void)room;
	name[0] = '\0';
}

static struct thread thread;

static int fresh(void **unused)
{
	(void)unused;
	memset(&thread, 0, sizeof thread);
	memset(&state, 0, sizeof state);
	memset(limits, 0, sizeof limits);
	memset(&classes[3], 0, sizeof classes - 3 * sizeof *classes);
	parts = locked = 0;
	stuck = false;
	current = (char *)&state;
	history = (struct history){ true, (char *)&current - (char *)__builtin_thread_pointer(),
				    offsetof(__typeof__(state), set),
				    offsetof(__typeof__(state), at) };
	return 0;
}

static struct lock mutex(uint64_t address)
{
	return (struct lock){ address, FTS_LOCK_PYMUTEX, 0 };
}

static void take_in(unsigned slot, uint64_t address)
{
	standin_take(&thread, slot, mutex(address), 0);
}

/* ---- tests ---- */

static void a_lock_is_held_from_its_acquisition_to_its_release(void **unused)
{
	(void)unused;
	take_in(0, 0x1000); /* the thread's first entry begins its first part */
	assert_int_equal(held_now(), 1);
	take_in(1, 0x2000);
	assert_int_equal(held_now(), 2);
	assert_int_not_equal(thread.standin[0], thread.standin[1]);
	standin_give(&thread, 0);
	assert_int_equal(held_now(), 1);
	assert_int_equal(in_set(thread.standin[1] - 1u), 1);
	standin_give(&thread, 1);
	assert_int_equal(held_now(), 0);
	assert_int_equal(thread.standin[0] + thread.standin[1], 0);
}

static void locks_of_one_class_count_together(void **unused)
{
	(void)unused;
	uint64_t identity = 5ull << 28;
	standin_take(&thread, 0, (struct lock){ 0x1000, FTS_LOCK_LOCK, 0 }, identity | 1);
	standin_take(&thread, 1, (struct lock){ 0x2000, FTS_LOCK_LOCK, 0 }, identity | 2);
	assert_int_equal(thread.standin[0], thread.standin[1]);
	assert_int_equal(in_set(thread.standin[0] - 1u), 2);
	standin_give(&thread, 0);
	assert_int_equal(held_now(), 1);
	standin_give(&thread, 1);
	assert_int_equal(held_now(), 0);
}

static void a_part_begins_with_what_is_held(void **unused)
{
	(void)unused;
	take_in(0, 0x1000);
	for (unsigned i = 0; i < 8000; i++) {
		take_in(1, 0x2000 + 16 * (i % 7));
		if (i % 3)
			take_in(2, 0x3000);
		assert_int_equal(held_now(), i % 3 ? 3 : 2);
		standin_give(&thread, 1);
		if (i % 3)
			standin_give(&thread, 2);
	}
	assert_int_equal(held_now(), 1);
	assert_int_equal(in_set(thread.standin[0] - 1u), 1);
	assert_true(parts > PARTS);
}

static void a_class_is_known_by_what_came_first(void **unused)
{
	(void)unused;
	struct standin found;
	take_in(0, 0x1230);
	assert_true(standin_find((uint64_t)&places[thread.standin[0] - 1], &found));
	assert_int_equal(found.kind, FTS_LOCK_PYMUTEX);
	assert_int_equal(found.address, 0x1230);
	assert_false(standin_find((uint64_t)places + sizeof places, &found));
	assert_false(standin_find((uint64_t)places - 8, &found));
}

/* No lock, and no look at the object, for a class that is known. */
static void only_a_new_class_costs_more(void **unused)
{
	(void)unused;
	take_in(0, 0x1000);
	unsigned after_first = locked;
	assert_int_equal(after_first, 1);
	standin_give(&thread, 0);
	raw_lock(&classes_lock); /* whoever wanted it now would wait for ever */
	for (unsigned i = 0; i < 5000; i++) {
		take_in(0, 0x1000);
		standin_give(&thread, 0);
	}
	raw_unlock(&classes_lock);
	assert_int_equal(locked, after_first);
}

static void a_lock_without_a_class_of_its_own_is_told_as_one_that_is_not_known(void **unused)
{
	(void)unused;
	struct standin found;
	uint64_t address = 0x1000;
	for (; !limits[FTS_LIMIT_LOCK_CLASSES]; address += 16) {
		assert_true(address < 0x1000 + 16 * 2 * CLASSES);
		standin_take(&thread, 0, (struct lock){ address, FTS_LOCK_ONCE, 0 }, 0);
		assert_int_equal(held_now(), 1);
		if (!limits[FTS_LIMIT_LOCK_CLASSES])
			standin_give(&thread, 0);
	}
	/* It holds a lock, and nothing more is said of it. */
	assert_int_equal(held_now(), 1);
	assert_true(standin_find((uint64_t)&places[thread.standin[0] - 1], &found));
	assert_int_equal(found.kind, 0);
	standin_give(&thread, 0);
	assert_int_equal(held_now(), 0);
	/* Each such lock is counted; that there is no room is seen without the lock. */
	raw_lock(&classes_lock);
	standin_take(&thread, 0, (struct lock){ address - 16, FTS_LOCK_ONCE, 0 }, 0);
	raw_unlock(&classes_lock);
	assert_int_equal(limits[FTS_LIMIT_LOCK_CLASSES], 2);
	assert_int_equal(held_now(), 1);
}

/* However many there are, a named class finds room, and no limit is met. */
static void a_mutex_for_which_there_is_no_room_is_told_as_one_of_many(void **unused)
{
	(void)unused;
	struct standin found;
	uint64_t address = 0x1000;
	for (unsigned class = 0; class != PYMUTEXES; address += 16) {
		assert_true(address < 0x1000 + 16 * 2 * CLASSES);
		take_in(0, address);
		class = thread.standin[0] - 1u;
		assert_int_equal(held_now(), 1);
		standin_give(&thread, 0);
	}
	assert_true(standin_find((uint64_t)&places[PYMUTEXES], &found));
	assert_int_equal(found.kind, FTS_LOCK_PYMUTEX);
	standin_take(&thread, 0, (struct lock){ 0x1000, FTS_LOCK_ONCE, 0 }, 0);
	assert_true(standin_find((uint64_t)&places[thread.standin[0] - 1], &found));
	assert_int_equal(found.kind, FTS_LOCK_ONCE);
	assert_int_equal(limits[FTS_LIMIT_LOCK_CLASSES], 0);
}

static void of_more_locks_than_fit_it_is_told_that_they_are_held(void **unused)
{
	(void)unused;
	for (unsigned i = 0; i < 40; i++)
		take_in(i, 0x1000 + 16 * i);
	assert_int_equal(state.set.count, HISTORY_MOST);
	assert_int_equal(held_now(), 40);
	assert_int_equal(in_set(UNSEEN), 40 - (HISTORY_MOST - 1));
	assert_int_equal(limits[FTS_LIMIT_LOCKS_TOLD], 40 - (HISTORY_MOST - 1));
	for (unsigned i = 40; i-- > 0;)
		standin_give(&thread, i);
	assert_int_equal(held_now(), 0);
	assert_int_equal(state.set.count, 0);
}

/* In any order, and when TSan itself has thrown something out of the set. */
static void what_is_released_early_or_was_forgotten_does_no_harm(void **unused)
{
	(void)unused;
	for (unsigned i = 0; i < 10; i++)
		take_in(i, 0x1000 + 16 * i);
	for (unsigned i = 0; i < 10; i += 2)
		standin_give(&thread, i);
	assert_int_equal(held_now(), 5);
	state.set.mutexes[2] = state.set.mutexes[--state.set.count];
	for (unsigned i = 1; i < 10; i += 2)
		standin_give(&thread, i);
	assert_int_equal(state.set.count, 0);
	take_in(0, 0x9000);
	state.set.count = 0;
	standin_give(&thread, 0);
	assert_int_equal(state.set.count, 0);
}

static void a_thread_whose_locks_are_not_seen_says_so(void **unused)
{
	(void)unused;
	struct standin found;
	standin_unseen();
	assert_int_equal(held_now(), 1);
	assert_int_equal(in_set(UNSEEN), 1);
	assert_true(standin_find((uint64_t)&places[UNSEEN], &found));
	assert_int_equal(found.kind, 0);
}

static void where_tsan_begins_no_part_nothing_is_entered(void **unused)
{
	(void)unused;
	stuck = true;
	take_in(0, 0x1000);
	standin_unseen();
	assert_int_equal(thread.standin[0], 0);
	assert_int_equal(state.set.count, 0);
}

static void where_tsan_looks_different_nothing_is_entered(void **unused)
{
	(void)unused;
	struct standin found;
	history.known = false;
	take_in(0, 0x1000);
	standin_unseen();
	assert_int_equal(thread.standin[0], 0);
	assert_int_equal(state.set.count, 0);
	assert_null(state.at);
	assert_false(standins_live());
	assert_false(standin_find((uint64_t)&places[3], &found));
}

/* The name of a type whose address another type has now is not told. */
static void a_type_that_is_another_one_now_is_not_named(void **unused)
{
	(void)unused;
	static struct {
		uint64_t before, head;
		char *type;
	} object;
	struct standin found;
	char name[] = "list";
	object.type = name;
	uint64_t address = (uint64_t)&object.type - OBJECT_TYPE + OBJECT_MUTEX;
	standin_take(&thread, 0, (struct lock){ address, FTS_LOCK_OBJECT, 0 }, 0);
	uint64_t place = (uint64_t)&places[thread.standin[0] - 1];
	assert_true(standin_find(place, &found));
	assert_int_equal(found.kind, FTS_LOCK_OBJECT);
	assert_string_equal(found.type, "list");
	memcpy(name, "dict", sizeof name);
	assert_true(standin_find(place, &found));
	assert_string_equal(found.type, "");
}

int main(void)
{
#define TEST(function) cmocka_unit_test_setup(function, fresh)
	const struct CMUnitTest tests[] = {
		TEST(a_lock_is_held_from_its_acquisition_to_its_release),
		TEST(locks_of_one_class_count_together),
		TEST(a_part_begins_with_what_is_held),
		TEST(a_class_is_known_by_what_came_first),
		TEST(only_a_new_class_costs_more),
		TEST(a_lock_without_a_class_of_its_own_is_told_as_one_that_is_not_known),
		TEST(a_mutex_for_which_there_is_no_room_is_told_as_one_of_many),
		TEST(of_more_locks_than_fit_it_is_told_that_they_are_held),
		TEST(what_is_released_early_or_was_forgotten_does_no_harm),
		TEST(a_thread_whose_locks_are_not_seen_says_so),
		TEST(where_tsan_begins_no_part_nothing_is_entered),
		TEST(where_tsan_looks_different_nothing_is_entered),
		TEST(a_type_that_is_another_one_now_is_not_named),
	};
	alarm(60); /* whoever waits for a lock that the test holds waits for ever */
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
