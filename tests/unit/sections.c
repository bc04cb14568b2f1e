/*
 * sections.c - sections that are not told: interpose/order/sections.c alone, with a thread's objects
 * and weak references of our own. What the rules say of the lock's own orders is in order.c.
 */
#undef _GNU_SOURCE
#include "interpose/order/sections.c"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* How the Python is laid out that the tests make. */
enum { CELL_VALUE = 32, DICT_KEYS = 48, WEAKREF_HASH = 48, KEYS_KIND = 10 };
struct fts_layout python_at = {
	.cell_value = CELL_VALUE,
	.dict_keys = DICT_KEYS,
	.weakref_hash = WEAKREF_HASH,
	.keys_kind = KEYS_KIND,
};

uintptr_t order_low, order_size = 1;
uint8_t order_places[1];
const void *order_cells;

static int ignoring;
static const volatile void *acquired;

static void fake_ignore_begin(void)
{
	ignoring++;
}

static void fake_ignore_end(void)
{
	ignoring--;
}

static void fake_acquire(const volatile void *word)
{
	acquired = word;
}

/* An object: a dict's keys lie where a weak reference's hash does. */
struct object {
	uint8_t head[OBJECT_MUTEX];
	uint8_t lock;
	uint8_t more[21];
	const void *value;
	uint64_t between;
	union {
		const uint8_t *keys;
		int64_t hash;
	};
};
_Static_assert(offsetof(struct object, value) == CELL_VALUE, "layout");
_Static_assert(offsetof(struct object, keys) == DICT_KEYS, "layout");
_Static_assert(offsetof(struct object, hash) == WEAKREF_HASH, "layout");

static const void *references; /* the list of weak references to what is asked for */
static bool adds;              /* PyWeakref_NewRef adds one */
static struct object registry; /* whose lock guards it */
static int in_section;         /* how often reads and writes were told nothing of inside */
static int given_back;         /* in which order the lock was given back last */

static const void *const volatile *fake_list_of(void *object)
{
	(void)object;
	/* CPython may touch anything here: the thread is told nothing of by then. */
	assert_int_equal(ignoring, 1);
	return &references;
}

static void take_and_give_back(struct object *object, enum place place)
{
	sections_reading_begins(&object->lock, place);
	in_section = ignoring;
	if (adds)
		references = &ignoring;
	given_back = sections_reading_ends(&object->lock, place);
}

static void *fake_new_ref(void *object, void *callback)
{
	(void)callback;
	take_and_give_back(&registry, PLACE_READS_LIST);
	return object;
}

void *symbol_next(const char *symbol)
{
	static const struct {
		const char *name;
		void *function;
	} known[] = {
		{ "__tsan_acquire", (void *)fake_acquire },
		{ "__tsan_ignore_thread_begin", (void *)fake_ignore_begin },
		{ "__tsan_ignore_thread_end", (void *)fake_ignore_end },
		{ "PyObject_GET_WEAKREFS_LISTPTR", (void *)fake_list_of },
		{ "PyWeakref_NewRef", (void *)fake_new_ref },
	};
	for (size_t i = 0; i < sizeof known / sizeof *known; i++)
		if (strcmp(symbol, known[i].name) == 0)
			return known[i].function;
	return NULL;
}

void *symbol_need(const char *symbol)
{
	return symbol_next(symbol);
}

static int fresh(void **state)
{
	(void)state;
	sections_resolve();
	ignoring = in_section = 0;
	acquired = references = NULL;
	adds = false;
	given_back = -1;
	order_size = 1;
	return 0;
}

static int all_is_told(void **state)
{
	(void)state;
	assert_int_equal(ignoring, 0);
	assert_null(sections_untold);
	return 0;
}

/* ---- sections that only read ---- */

static void a_section_that_only_reads_is_not_told_and_releases_nothing(void **state)
{
	(void)state;
	struct object object = { .lock = 1 };
	static const enum place places[] = { PLACE_READS, PLACE_READS_KEYS, PLACE_READS_HASH };
	for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
		take_and_give_back(&object, places[i]);
		assert_int_equal(in_section, 1);
		assert_int_equal(given_back, MO_NONE);
		assert_int_equal(ignoring, 0);
	}
}

static void a_section_within_another_is_part_of_it(void **state)
{
	(void)state;
	struct object outer = { .lock = 1 }, inner = { .lock = 1 };
	sections_reading_begins(&outer.lock, PLACE_READS);
	take_and_give_back(&inner, PLACE_READS);
	assert_int_equal(in_section, 1);
	assert_int_equal(given_back, MO_NONE);
	assert_int_equal(ignoring, 1); /* the outer one goes on */
	assert_ptr_equal(sections_untold, &outer.lock);
	assert_int_equal(sections_reading_ends(&outer.lock, PLACE_READS), MO_NONE);
}

static void a_lookup_within_another_section_releases(void **state)
{
	(void)state;
	/* It might have been told, had it stood alone: nobody has looked at its keys. */
	static const uint8_t general[11];
	struct object outer = { .lock = 1 }, inner = { .lock = 1, .keys = general };
	sections_reading_begins(&outer.lock, PLACE_READS);
	take_and_give_back(&inner, PLACE_READS_DICT);
	assert_int_equal(given_back, MO_RELEASE);
	assert_int_equal(sections_reading_ends(&outer.lock, PLACE_READS), MO_NONE);
}

static void python_code_ends_a_section(void **state)
{
	(void)state;
	struct object object = { .lock = 1 };
	sections_python_begins();
	assert_int_equal(ignoring, 0);
	sections_reading_begins(&object.lock, PLACE_READS);
	sections_python_begins();
	assert_int_equal(ignoring, 0);
	sections_python_begins();
	assert_int_equal(ignoring, 0);
	/* What that code did is told, and so is that it was there. */
	assert_int_equal(sections_reading_ends(&object.lock, PLACE_READS), MO_RELEASE);
}

static void a_dict_is_looked_up_untold_only_if_all_keys_are_strings(void **state)
{
	(void)state;
	static const uint8_t general[11], strings[11] = { [KEYS_KIND] = 1 };
	struct object dict = { .lock = 1, .keys = strings };
	take_and_give_back(&dict, PLACE_READS_DICT);
	assert_int_equal(in_section, 1);
	assert_int_equal(given_back, MO_NONE);
	dict.keys = general;
	take_and_give_back(&dict, PLACE_READS_DICT);
	assert_int_equal(in_section, 0);
	assert_int_equal(given_back, MO_RELEASE);
}

static void a_hash_that_is_not_known_yet_is_written_and_told(void **state)
{
	(void)state;
	struct object reference = { .lock = 1, .hash = 4711 };
	take_and_give_back(&reference, PLACE_READS_HASH);
	assert_int_equal(in_section, 1);
	reference.hash = -1;
	take_and_give_back(&reference, PLACE_READS_HASH);
	assert_int_equal(in_section, 0);
	assert_int_equal(given_back, MO_RELEASE);
}

static void a_weak_reference_that_is_found_releases_nothing_and_one_that_is_added_does(void **state)
{
	(void)state;
	int object = 0;
	references = &registry;
	assert_ptr_equal(PyWeakref_NewRef(&object, NULL), &object);
	assert_int_equal(in_section, 1);
	assert_int_equal(given_back, MO_NONE);
	adds = true;
	PyWeakref_NewRef(&object, NULL);
	assert_int_equal(in_section, 1);
	assert_int_equal(given_back, MO_RELEASE);
	/* A read behind it looks at nothing that was looked at before. */
	adds = false;
	references = NULL;
	take_and_give_back(&registry, PLACE_READS);
	assert_int_equal(given_back, MO_NONE);
}

static void a_weak_reference_with_a_callback_is_always_made_and_told(void **state)
{
	(void)state;
	int object = 0;
	PyWeakref_NewRef(&object, &object);
	assert_int_equal(in_section, 0);
	assert_int_equal(given_back, MO_RELEASE);
	order_size = 0; /* told as written */
	PyWeakref_NewRef(&object, NULL);
	assert_int_equal(in_section, 0);
}

static void a_set_is_read_untold_only_if_it_is_the_one_that_is_asked(void **state)
{
	(void)state;
	struct object set = { .lock = 1 }, other = { .lock = 1 };
	take_and_give_back(&set, PLACE_READS_SET);
	assert_int_equal(in_section, 0);
	abstract_set = &set;
	take_and_give_back(&set, PLACE_READS_SET);
	assert_int_equal(in_section, 1);
	assert_int_equal(given_back, MO_NONE);
	take_and_give_back(&other, PLACE_READS_SET);
	assert_int_equal(in_section, 0);
	assert_int_equal(given_back, MO_RELEASE);
	abstract_set = NULL;
}

/* ---- sections that change the interpreter's own lists and tables ---- */

static void a_section_on_the_interpreters_own_is_not_told(void **state)
{
	(void)state;
	uint8_t lock = 0;
	assert_int_equal(sections_order(&lock, 1, PLACE_UNTOLD), MO_NONE);
	assert_int_equal(ignoring, 1);
	sections_acquire();
	assert_ptr_equal(acquired, &lock);
	assert_int_equal(sections_order(&lock, 0, PLACE_UNTOLD), MO_NONE);
	assert_int_equal(ignoring, 0);
	/* A queue is given to its owner. */
	assert_int_equal(sections_order(&lock, 1, PLACE_QUEUE), MO_NONE);
	assert_int_equal(sections_order(&lock, 0, PLACE_QUEUE), MO_RELEASE);
}

static void of_two_locks_at_once_both_are_untold_and_of_three_two(void **state)
{
	(void)state;
	uint8_t first = 0, second = 0, third = 0;
	assert_int_equal(sections_order(&first, 1, PLACE_UNTOLD), MO_NONE);
	assert_int_equal(sections_order(&second, 1, PLACE_UNTOLD), MO_NONE);
	assert_int_equal(sections_order(&third, 1, PLACE_UNTOLD), MO_ACQUIRE);
	assert_int_equal(ignoring, 1);
	assert_int_equal(sections_order(&third, 0, PLACE_UNTOLD), MO_RELEASE);
	assert_int_equal(sections_order(&second, 0, PLACE_UNTOLD), MO_NONE);
	assert_int_equal(ignoring, 1);
	assert_int_equal(sections_order(&first, 0, PLACE_UNTOLD), MO_NONE);
	assert_int_equal(ignoring, 0);
}

static void a_queue_within_another_section_keeps_its_order(void **state)
{
	(void)state;
	uint8_t outer = 0, queue = 0;
	assert_int_equal(sections_order(&outer, 1, PLACE_UNTOLD), MO_NONE);
	assert_int_equal(sections_order(&queue, 1, PLACE_QUEUE), MO_ACQUIRE);
	assert_int_equal(sections_order(&queue, 0, PLACE_QUEUE), MO_RELEASE);
	assert_int_equal(sections_order(&outer, 0, PLACE_UNTOLD), MO_NONE);
}

static void a_lock_that_another_thread_holds_is_taken_as_it_is_written(void **state)
{
	(void)state;
	uint8_t lock = 1;
	assert_int_equal(sections_order(&lock, 1, PLACE_UNTOLD), MO_ACQUIRE);
	assert_int_equal(ignoring, 0);
	/* It got it in the slow path, in another place; here it gives it back. */
	assert_int_equal(sections_order(&lock, 0, PLACE_UNTOLD), MO_RELEASE);
}

static void only_a_lock_in_a_cell_is_a_cells(void **state)
{
	(void)state;
	static _Alignas(16) struct object cell;
	static int type;
	const void *of_type = &type;
	memcpy((char *)&cell + OBJECT_TYPE, &of_type, sizeof of_type);
	assert_false(sections_reads(PLACE_LOOP, &cell.lock));
	order_cells = &type;
	assert_true(sections_reads(PLACE_LOOP, &cell.lock));
	assert_false(sections_reads(PLACE_LOOP, &cell.lock + 1));
	assert_false(sections_reads(PLACE_PYTHON, &cell.lock));
	assert_true(sections_reads(PLACE_READS, &cell.lock));
	order_cells = NULL;
}

int main(void)
{
#define TEST(function) cmocka_unit_test_setup_teardown(function, fresh, all_is_told)
	const struct CMUnitTest tests[] = {
		TEST(a_section_that_only_reads_is_not_told_and_releases_nothing),
		TEST(a_section_within_another_is_part_of_it),
		TEST(a_lookup_within_another_section_releases),
		TEST(python_code_ends_a_section),
		TEST(a_dict_is_looked_up_untold_only_if_all_keys_are_strings),
		TEST(a_hash_that_is_not_known_yet_is_written_and_told),
		TEST(a_weak_reference_that_is_found_releases_nothing_and_one_that_is_added_does),
		TEST(a_weak_reference_with_a_callback_is_always_made_and_told),
		TEST(a_set_is_read_untold_only_if_it_is_the_one_that_is_asked),
		TEST(a_section_on_the_interpreters_own_is_not_told),
		TEST(of_two_locks_at_once_both_are_untold_and_of_three_two),
		TEST(a_queue_within_another_section_keeps_its_order),
		TEST(a_lock_that_another_thread_holds_is_taken_as_it_is_written),
		TEST(only_a_lock_in_a_cell_is_a_cells),
	};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
