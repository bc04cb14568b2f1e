/*
 * order.c - the rules of order_table.h, each operation with the order that ThreadSanitizer is told:
 * interpose/order/order.c, sections.c and wrap/atomics.c in this program, which stands for the
 * interpreter. Functions that write down their order stand for ThreadSanitizer.
 */
#include <dlfcn.h>

static void *fake_dlsym(void *handle, const char *name);
#define dlsym fake_dlsym
#undef _GNU_SOURCE /* order.c defines it */
#include "interpose/order/order.c"
#undef dlsym
#undef EXPORT /* what is called tells its caller's place by the return address */
#define EXPORT __attribute__((visibility("default"), noinline))
#include "interpose/order/sections.c"
#include "interpose/wrap/atomics.c"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* How the Python is laid out that the tests make. */
enum { TYPE_FLAGS = 184, CELL_VALUE = 32 };
struct fts_layout python_at = { .type_flags = TYPE_FLAGS,
				.cell_value = CELL_VALUE,
				.dict_keys = 48,
				.tstate_qsbr = 8,
				.qsbr_seq = 16 };

#define COUNT_OF(array) (sizeof(array) / sizeof *(array))
#define STAND_IN __attribute__((noinline, used))

/* The thread's state, and what QSBR has of the thread. */
static uint64_t of_qsbr[3];
static uint64_t *tstate[2] = { NULL, of_qsbr };
static bool runs_python;

void *python_running(void)
{
	return runs_python ? tstate : NULL;
}

/* No call of a pair. */
__thread struct between *between_call;
const volatile uint8_t *const *between_types;

void between_note(const volatile uint8_t *lock, bool takes, bool orders)
{
	(void)lock;
	(void)takes;
	(void)orders;
}

/* ---- what TSan was told ---- */

enum { NOT_TOLD = -1 };

static int told;                         /* the order of the last operation, or NOT_TOLD */
static int ignoring;                     /* how many times reads and writes are not told */
static const volatile void *acquired;    /* the last word that was acquired apart */
static const volatile void *type_locked; /* what type_cache.c was told */
static const volatile void *next_generation;

static uint32_t fake_load32(const volatile uint32_t *word, int order)
{
	told = order;
	return *word;
}

static uint64_t fake_add64(volatile uint64_t *word, uint64_t value, int order)
{
	told = order;
	return __atomic_fetch_add(word, value, __ATOMIC_SEQ_CST);
}

static void fake_store32(volatile uint32_t *word, uint32_t value, int order)
{
	told = order;
	*word = value;
}

static void fake_store64(volatile uint64_t *word, uint64_t value, int order)
{
	told = order;
	*word = value;
}

static uint64_t fake_cas64(volatile uint64_t *word, uint64_t from, uint64_t to, int order,
			   int failed_order)
{
	(void)failed_order;
	told = order;
	__atomic_compare_exchange_n(word, &from, to, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
	return from;
}

static uint32_t fake_cas32(volatile uint32_t *word, uint32_t from, uint32_t to, int order,
			   int failed_order)
{
	(void)failed_order;
	told = order;
	__atomic_compare_exchange_n(word, &from, to, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
	return from;
}

static uint64_t fake_or64(volatile uint64_t *word, uint64_t value, int order)
{
	told = order;
	return __atomic_fetch_or(word, value, __ATOMIC_SEQ_CST);
}

static uint8_t fake_cas8(volatile uint8_t *word, uint8_t from, uint8_t to, int order,
			 int failed_order)
{
	(void)failed_order;
	told = order;
	__atomic_compare_exchange_n(word, &from, to, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
	return from;
}

static void fake_acquire(const volatile void *word)
{
	acquired = word;
}

static void fake_ignore_begin(void)
{
	ignoring++;
}

static void fake_ignore_end(void)
{
	ignoring--;
}

/* ---- what the files find in the process ---- */

/* An object, as far as they look at one. */
struct object {
	uint64_t thread;
	uint16_t flags;
	uint8_t lock, gc_bits;
	uint32_t local_count;
	uint64_t shared_count;
	const void *type;
	const void *value; /* of a cell */
	uint64_t rest[(TYPE_FLAGS - 40) / 8];
	uint64_t type_flags;
};
_Static_assert(offsetof(struct object, lock) == OBJECT_MUTEX, "layout");
_Static_assert(offsetof(struct object, type) == OBJECT_TYPE, "layout");
_Static_assert(offsetof(struct object, value) == CELL_VALUE, "layout");
_Static_assert(offsetof(struct object, type_flags) == TYPE_FLAGS, "layout");

static _Alignas(16) struct object type_itself = { .type = &type_itself,
						  .type_flags = TYPE_SUBCLASS };
static _Alignas(16) struct object some_type = { .type = &type_itself };
static _Alignas(16) struct object cell_type = { .type = &type_itself };
static _Alignas(16) struct object counted = { .type = &some_type };
static _Alignas(16) struct object cell = { .type = &cell_type };
static _Alignas(16) uint64_t plain[2]; /* what looks like a count, and has no type behind it */

/* Functions of the interpreter, by the names that the rules have. */
STAND_IN static int _PyEval_EvalFrameDefault(void)
{
	return 1;
}

STAND_IN static int _Py_DecRefShared(void)
{
	return 2;
}

STAND_IN static int _PyObject_AssignUniqueId(void)
{
	return 3;
}

STAND_IN static int _Py_DecRefSharedNot(void)
{
	return 4;
}

/* The release that this process is, with what only it has. */
static struct python_release release;
static const struct python_functions functions_of_314[] = {
	{ PLACE_UNTOLD, "_PyObject_AssignUniqueId" },
	{ PLACE_READS, "_PyCode_GetTLBC" },
	{ 0, NULL },
};
static const struct python_functions functions_of_313[] = { { 0, NULL } };
const struct python_release *python_release;
static const char *unknown; /* why the release is none that is known */
static bool cache_as_known;

static void run_release(bool locks_cells)
{
	release = (struct python_release){
		.functions = locks_cells ? functions_of_313 : functions_of_314,
		.locks_cells = locks_cells,
	};
	python_release = &release;
	unknown = NULL;
	cache_as_known = true;
}

bool python_known(const char **why)
{
	*why = unknown;
	return !unknown;
}

bool type_cache_probe(void)
{
	return cache_as_known;
}

static void *fake_dlsym(void *handle, const char *name)
{
	(void)handle;
	if (strcmp(name, "PyType_Type") == 0)
		return &type_itself;
	if (strcmp(name, "PyCell_Type") == 0)
		return &cell_type;
	assert_string_equal(name, "_PyEval_EvalFrameDefault");
	return (void *)(uintptr_t)_PyEval_EvalFrameDefault;
}

static void stand_in(enum place place);

/* A set that is asked for something looks under its own lock. */
static int fake_contains(void *set, void *key)
{
	struct object *object = set;
	(void)key;
	stand_in(PLACE_READS_SET);
	__tsan_atomic8_compare_exchange_val(&object->lock, 0, 1, MO_SEQ_CST, MO_SEQ_CST);
	bool found = ignoring == 1;
	__tsan_atomic8_compare_exchange_val(&object->lock, 1, 0, MO_SEQ_CST, MO_SEQ_CST);
	return found;
}

void *symbol_next(const char *symbol)
{
	static const struct {
		const char *name;
		void *function;
	} known[] = {
		{ "__tsan_atomic32_load", (void *)fake_load32 },
		{ "__tsan_atomic64_fetch_add", (void *)fake_add64 },
		{ "__tsan_atomic32_store", (void *)fake_store32 },
		{ "__tsan_atomic64_store", (void *)fake_store64 },
		{ "__tsan_atomic64_compare_exchange_val", (void *)fake_cas64 },
		{ "__tsan_atomic32_compare_exchange_val", (void *)fake_cas32 },
		{ "__tsan_atomic64_fetch_or", (void *)fake_or64 },
		{ "__tsan_atomic8_compare_exchange_val", (void *)fake_cas8 },
		{ "__tsan_acquire", (void *)fake_acquire },
		{ "__tsan_ignore_thread_begin", (void *)fake_ignore_begin },
		{ "__tsan_ignore_thread_end", (void *)fake_ignore_end },
		{ "PySet_Contains", (void *)fake_contains },
	};
	for (size_t i = 0; i < COUNT_OF(known); i++)
		if (strcmp(symbol, known[i].name) == 0)
			return known[i].function;
	fail_msg("%s is looked up", symbol);
	return NULL;
}

void *symbol_need(const char *symbol)
{
	return symbol_next(symbol);
}

static char note[4096];

bool ring_write(uint32_t type, const struct ring_part *parts, unsigned count)
{
	assert_int_equal(type, FTS_REC_NOTE);
	assert_int_equal(count, 1);
	snprintf(note, sizeof note, "%.*s", (int)parts->length, (const char *)parts->bytes);
	return true;
}

/* Concerns that have tests of their own. */

bool fences_watched, locks_on, counts_on, countlog_on;
uintptr_t counts_born_low, counts_born_size;
__thread const struct type_cache_entry *type_cache_entry __attribute__((tls_model("initial-exec")));
const volatile uint8_t *type_cache_lock;
uint32_t type_cache_more_locks;

void fences_resolve(void) {}

void counts_look_at_store(uint64_t object, uint32_t was, uint32_t value, uintptr_t place)
{
	(void)object, (void)was, (void)value, (void)place;
}

__thread uint32_t borrowed_count; /* the thread has borrowed nothing */

void borrowed_taken(uint64_t object, uintptr_t place, const void *hook)
{
	(void)object, (void)place, (void)hook;
}

void counts_log_store(uint64_t object, uint32_t was, uint32_t value, uintptr_t place)
{
	(void)object, (void)was, (void)value, (void)place;
}

void counts_log_shared(uint64_t object, int64_t more, uintptr_t place)
{
	(void)object, (void)more, (void)place;
}

void counts_log_taken(uint64_t object, uintptr_t place)
{
	(void)object, (void)place;
}

void counts_look_at_add(uint64_t object, uintptr_t place)
{
	(void)object, (void)place;
}

void fences_note_read(const volatile void *word, int order, const void *pc)
{
	(void)word, (void)order, (void)pc;
}

int fences_order_of_write(int order, const void *pc)
{
	(void)pc;
	return order;
}

bool locks_exchange(volatile uint8_t *word, uint8_t to, struct call_site site)
{
	(void)word, (void)to, (void)site;
	return false;
}

void locks_exchanged(volatile uint8_t *word, struct call_site site)
{
	(void)word, (void)site;
}

void type_cache_resolve(void) {}

void type_cache_locked(const volatile uint8_t *lock)
{
	type_locked = lock;
}

void type_cache_next_generation(const volatile uint8_t *lock)
{
	next_generation = lock;
}

uint32_t type_cache_load(const volatile uint32_t *word)
{
	return *word;
}

/* ---- this program as one place ---- */

extern char __executable_start, etext;

/* All code of this program stands in `place`: what the tests call is called from there. */
static void stand_in(enum place place)
{
	order_low = (uintptr_t)&__executable_start;
	uintptr_t size = (uintptr_t)&etext - order_low;
	assert_true(size < CODE_MAX);
	memset(order_places, (int)place, (size >> 4) + 1);
	order_size = size;
}

static int fresh(void **state)
{
	(void)state;
	atomics_resolve();
	type_type = &type_itself;
	order_cells = NULL;
	run_release(false);
	type_cache_lock = NULL;
	acquired = type_locked = next_generation = NULL;
	told = NOT_TOLD;
	sections_untold = NULL;
	ignoring = 0;
	counted.lock = cell.lock = 0;
	return 0;
}

/* ---- reference counts, and words that look like them ---- */

static void an_increment_orders_nothing_wherever_it_stands(void **state)
{
	(void)state;
	static const struct {
		enum place place;
		volatile uint64_t *word;
		uint64_t value;
		int order;
	} cases[] = {
		{ PLACE_PYTHON, &counted.shared_count, 4, MO_NONE },
		{ PLACE_OUTSIDE, &counted.shared_count, 4, MO_NONE },
		{ PLACE_LOOP, &counted.shared_count, 4, MO_NONE },
		{ PLACE_AS_WRITTEN, &counted.shared_count, 4, MO_SEQ_CST },
		{ PLACE_UNTOLD, &counted.shared_count, 4, MO_SEQ_CST },
		{ PLACE_PYTHON, &counted.shared_count, 8, MO_SEQ_CST },
		{ PLACE_PYTHON, &plain[0], 4, MO_SEQ_CST },
		{ PLACE_PYTHON, &plain[1], 4, MO_SEQ_CST }, /* no count lies there */
		{ PLACE_OUTSIDE, &plain[0], 4, MO_SEQ_CST },
		{ PLACE_PYTHON, &plain[0], DICT_VERSION, MO_NONE },
		{ PLACE_AS_WRITTEN, &plain[0], DICT_VERSION, MO_SEQ_CST },
		{ PLACE_OUTSIDE, &plain[0], DICT_VERSION, MO_SEQ_CST },
		{ PLACE_COUNTER, &plain[0], 1, MO_NONE },
		{ PLACE_KEYS, &plain[0], 1, MO_NONE },
		{ PLACE_PYTHON, &plain[0], 1, MO_SEQ_CST },
	};
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		uint64_t before = *cases[i].word;
		stand_in(cases[i].place);
		uint64_t was = __tsan_atomic64_fetch_add(cases[i].word, cases[i].value, MO_SEQ_CST);
		if (told != cases[i].order)
			fail_msg("add %zu: told %d, meant %d", i, told, cases[i].order);
		assert_int_equal(was, before);
		assert_int_equal(*cases[i].word, before + cases[i].value);
		*cases[i].word = 0;
	}
	stand_in(PLACE_PYTHON); /* what is written weaker stays so */
	__tsan_atomic64_fetch_add(&counted.shared_count, 4, MO_ACQUIRE);
	assert_int_equal(told, MO_ACQUIRE);
}

static void the_last_dict_that_gives_keys_back_is_ordered_after_the_others(void **state)
{
	(void)state;
	stand_in(PLACE_KEYS);
	plain[0] = 2;
	assert_int_equal(__tsan_atomic64_fetch_add(&plain[0], UINT64_MAX, MO_SEQ_CST), 2);
	assert_int_equal(told, MO_RELEASE);
	assert_null(acquired);
	assert_int_equal(__tsan_atomic64_fetch_add(&plain[0], UINT64_MAX, MO_SEQ_CST), 1);
	assert_int_equal(told, MO_RELEASE);
	assert_ptr_equal(acquired, &plain[0]);
	assert_int_equal(plain[0], 0);
}

static void an_exchange_of_a_count_means_what_it_does(void **state)
{
	(void)state;
	static const struct {
		const char *what;
		uint64_t from, to;
		int order;
	} cases[] = {
		{ "an increment", 8, 12, MO_NONE },
		{ "an increment that marks", 8, 13, MO_NONE },
		{ "an increment of a marked one", 9, 13, MO_NONE },
		{ "a mark", 8, 9, MO_NONE },
		{ "a decrement", 8, 4, MO_RELEASE },
		{ "a decrement, merged", 11, 7, MO_RELEASE },
		{ "the last decrement", 7, 3, MO_BOTH },
		{ "a merge with nothing left", 2, 3, MO_BOTH },
		{ "queued", 0, 2, MO_RELEASE },
		{ "queued, marked", 1, 2, MO_RELEASE },
		{ "a merge", 8, 11, MO_RELEASE },
		{ "a merge of a queued one", 10, 11, MO_RELEASE },
		{ "no change of a count", 8, 20, MO_SEQ_CST },
		{ "queued with a count", 8, 2, MO_SEQ_CST },
	};
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		stand_in(PLACE_PYTHON);
		counted.shared_count = plain[0] = cases[i].from;
		__tsan_atomic64_compare_exchange_val(&counted.shared_count, cases[i].from,
						     cases[i].to, MO_SEQ_CST, MO_SEQ_CST);
		if (told != cases[i].order)
			fail_msg("%s: told %d", cases[i].what, told);
		assert_int_equal(counted.shared_count, cases[i].to);
		__tsan_atomic64_compare_exchange_val(&plain[0], cases[i].from, cases[i].to,
						     MO_SEQ_CST, MO_SEQ_CST);
		assert_int_equal(told, MO_SEQ_CST);
		for (enum place place = PLACE_OUTSIDE; place <= PLACE_AS_WRITTEN; place++) {
			stand_in(place);
			counted.shared_count = cases[i].from;
			__tsan_atomic64_compare_exchange_val(&counted.shared_count, cases[i].from,
							     cases[i].to, MO_SEQ_CST, MO_SEQ_CST);
			assert_int_equal(told, MO_SEQ_CST);
		}
	}
}

static void memory_that_is_not_there_is_no_type(void **state)
{
	(void)state;
	static _Alignas(16) uint64_t wild[2] = { 0, 0x10 };
	assert_false(order_is_count(&wild[0]));
	wild[1] = (uint64_t)(uintptr_t)&some_type | 1;
	assert_false(order_is_count(&wild[0]));
	/* An object is no type; nor is what only says that its type makes types. */
	wild[1] = (uint64_t)(uintptr_t)&counted;
	assert_false(order_is_count(&wild[0]));
	static struct object circle = { .type_flags = TYPE_SUBCLASS };
	circle.type = &circle;
	wild[1] = (uint64_t)(uintptr_t)&circle;
	assert_false(order_is_count(&wild[0]));
	assert_true(order_is_count(&counted.shared_count));
}

/* ---- other words ---- */

static void a_counter_tells_no_data(void **state)
{
	(void)state;
	uint32_t word = 1;
	stand_in(PLACE_COUNTER);
	__tsan_atomic32_compare_exchange_val(&word, 1, 2, MO_SEQ_CST, MO_SEQ_CST);
	assert_int_equal(told, MO_NONE);
	stand_in(PLACE_PYTHON);
	__tsan_atomic32_compare_exchange_val(&word, 2, 3, MO_SEQ_CST, MO_SEQ_CST);
	assert_int_equal(told, MO_SEQ_CST);
	assert_int_equal(word, 3);
}

static void a_bit_that_is_set_for_another_thread_only_releases(void **state)
{
	(void)state;
	static const struct {
		enum place place;
		int order;
	} cases[] = { { PLACE_EVAL_BREAKER, MO_RELEASE },
		      { PLACE_QUEUE, MO_RELEASE },
		      { PLACE_PYTHON, MO_SEQ_CST },
		      { PLACE_OUTSIDE, MO_SEQ_CST } };
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		stand_in(cases[i].place);
		__tsan_atomic64_fetch_or(&plain[0], 1, MO_SEQ_CST);
		assert_int_equal(told, cases[i].order);
	}
}

static void stores_of_some_places_mean_another_order(void **state)
{
	(void)state;
	static const struct {
		enum place place;
		int written, order;
	} cases[] = { { PLACE_MOVES, MO_NONE, MO_RELEASE },
		      { PLACE_MOVES, MO_SEQ_CST, MO_SEQ_CST },
		      { PLACE_UNTOLD, MO_RELEASE, MO_NONE },
		      { PLACE_READS_KEYS, MO_SEQ_CST, NOT_TOLD },
		      { PLACE_READS_KEYS, MO_RELEASE, MO_RELEASE },
		      { PLACE_PYTHON, MO_NONE, MO_NONE },
		      { PLACE_OUTSIDE, MO_RELEASE, MO_RELEASE } };
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		told = NOT_TOLD;
		stand_in(cases[i].place);
		__tsan_atomic64_store(&plain[0], i + 100, cases[i].written);
		assert_int_equal(told, cases[i].order);
		assert_int_equal(plain[0], i + 100);
	}
}

/* Stores the thread's sequence number; in which order TSan was told of it. */
static int store_sequence(uint64_t value)
{
	__tsan_atomic64_store(&of_qsbr[2], value, MO_RELEASE);
	assert_int_equal(of_qsbr[2], value);
	return told;
}

static void a_sequence_number_releases_when_it_is_another_one(void **state)
{
	(void)state;
	stand_in(PLACE_PYTHON);
	runs_python = true;
	of_qsbr[2] = 3;
	assert_int_equal(store_sequence(5), MO_RELEASE);
	assert_int_equal(store_sequence(5), MO_NONE);
	assert_int_equal(store_sequence(7), MO_RELEASE);
	/* Any other word releases whatever it was. */
	plain[0] = 5;
	__tsan_atomic64_store(&plain[0], 5, MO_RELEASE);
	assert_int_equal(told, MO_RELEASE);
	/* Nothing is known of the thread, or of the layout; or the order is as written. */
	runs_python = false;
	assert_int_equal(store_sequence(7), MO_RELEASE);
	runs_python = true;
	python_at.tstate_qsbr = FTS_LAYOUT_NONE;
	assert_int_equal(store_sequence(7), MO_RELEASE);
	python_at.tstate_qsbr = 8;
	order_size = 0;
	assert_int_equal(store_sequence(7), MO_RELEASE);
	runs_python = false;
}

/* ---- locks ---- */

/* Takes and gives back a lock from these places; in which orders. */
static void lock_and_unlock(uint8_t *lock, enum place place, int *taken, int *given)
{
	stand_in(place);
	assert_int_equal(__tsan_atomic8_compare_exchange_val(lock, 0, 1, MO_SEQ_CST, MO_SEQ_CST),
			 0);
	*taken = told;
	assert_int_equal(__tsan_atomic8_compare_exchange_val(lock, 1, 0, MO_SEQ_CST, MO_SEQ_CST),
			 1);
	*given = told;
	assert_int_equal(*lock, 0);
	assert_int_equal(ignoring, 0);
	assert_null(sections_untold);
}

static void a_lock_acquires_and_its_return_releases_as_its_place_says(void **state)
{
	(void)state;
	static const struct {
		enum place place;
		int taken, given;
	} cases[] = {
		{ PLACE_PYTHON, MO_ACQUIRE, MO_RELEASE },
		{ PLACE_LOOP, MO_ACQUIRE, MO_RELEASE }, /* no cell, or not 3.13 */
		{ PLACE_AS_WRITTEN, MO_SEQ_CST, MO_SEQ_CST },
		{ PLACE_OUTSIDE, MO_SEQ_CST, MO_SEQ_CST },
		{ PLACE_QUEUE, MO_NONE, MO_RELEASE },
		{ PLACE_UNTOLD, MO_NONE, MO_NONE },
		{ PLACE_READS, MO_ACQUIRE, MO_NONE },
		{ PLACE_READS_KEYS, MO_ACQUIRE, MO_NONE },
		{ PLACE_TYPE_CACHE, MO_NONE, MO_NONE },
	};
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		int taken, given;
		type_locked = NULL;
		lock_and_unlock(&counted.lock, cases[i].place, &taken, &given);
		if (taken != cases[i].taken || given != cases[i].given)
			fail_msg("place %d: %d, %d", (int)cases[i].place, taken, given);
		bool types = cases[i].place == PLACE_TYPE_CACHE;
		assert_ptr_equal(type_locked, types ? &counted.lock : NULL);
	}
}

static void what_is_no_change_of_a_lock_stays_as_it_is_written(void **state)
{
	(void)state;
	uint8_t lock = 1;
	stand_in(PLACE_READS);
	__tsan_atomic8_compare_exchange_val(&lock, 1, 3, MO_SEQ_CST, MO_SEQ_CST);
	assert_int_equal(told, MO_SEQ_CST);
	__tsan_atomic8_compare_exchange_val(&lock, 3, 0, MO_RELEASE, MO_NONE);
	assert_int_equal(told, MO_RELEASE);
}

static void a_lock_that_is_not_free_begins_no_section(void **state)
{
	(void)state;
	static const enum place places[] = { PLACE_READS, PLACE_QUEUE, PLACE_UNTOLD };
	for (size_t i = 0; i < COUNT_OF(places); i++) {
		uint8_t lock = 1;
		stand_in(places[i]);
		__tsan_atomic8_compare_exchange_val(&lock, 0, 1, MO_SEQ_CST, MO_SEQ_CST);
		assert_int_equal(told, MO_ACQUIRE);
		assert_null(sections_untold);
		assert_int_equal(ignoring, 0);
	}
}

/* The section goes on behind the wait: the lock itself is given back and taken by other functions. */
static void a_section_that_is_interrupted_by_a_wait_is_one_section(void **state)
{
	(void)state;
	stand_in(PLACE_READS);
	__tsan_atomic8_compare_exchange_val(&counted.lock, 0, 1, MO_SEQ_CST, MO_SEQ_CST);
	assert_int_equal(ignoring, 1);
	stand_in(PLACE_PYTHON); /* _PyCriticalSection_SuspendAll() */
	__tsan_atomic8_compare_exchange_val(&counted.lock, 1, 0, MO_SEQ_CST, MO_SEQ_CST);
	assert_int_equal(told, MO_RELEASE);
	__tsan_atomic8_compare_exchange_val(&counted.lock, 0, 1, MO_SEQ_CST, MO_SEQ_CST);
	assert_int_equal(told, MO_ACQUIRE);
	assert_int_equal(ignoring, 1);
	stand_in(PLACE_READS);
	__tsan_atomic8_compare_exchange_val(&counted.lock, 1, 0, MO_SEQ_CST, MO_SEQ_CST);
	assert_int_equal(told, MO_NONE);
	assert_int_equal(ignoring, 0);
}

static void a_cell_is_read_by_the_eval_loop_of_one_release(void **state)
{
	(void)state;
	int taken, given;
	order_cells = &cell_type;
	lock_and_unlock(&cell.lock, PLACE_LOOP, &taken, &given);
	assert_int_equal(taken, MO_ACQUIRE);
	assert_int_equal(given, MO_NONE);
	lock_and_unlock(&counted.lock, PLACE_LOOP, &taken, &given);
	assert_int_equal(given, MO_RELEASE);
	/* Whoever puts another value in has something to tell. */
	stand_in(PLACE_LOOP);
	__tsan_atomic8_compare_exchange_val(&cell.lock, 0, 1, MO_SEQ_CST, MO_SEQ_CST);
	cell.value = &counted;
	__tsan_atomic8_compare_exchange_val(&cell.lock, 1, 0, MO_SEQ_CST, MO_SEQ_CST);
	assert_int_equal(told, MO_RELEASE);
	assert_int_equal(ignoring, 0);
}

static void a_set_is_read_untold_only_for_an_abstract_class(void **state)
{
	(void)state;
	stand_in(PLACE_READS); /* _in_weak_set() */
	assert_true(PySet_Contains(&counted, &cell));
	assert_int_equal(told, MO_NONE);
	assert_null(abstract_set);
	stand_in(PLACE_PYTHON);
	assert_false(PySet_Contains(&counted, &cell));
	assert_int_equal(told, MO_RELEASE);
	assert_int_equal(ignoring, 0);
}

static void a_merge_in_a_section_knows_what_the_owner_did(void **state)
{
	(void)state;
	stand_in(PLACE_QUEUE);
	__tsan_atomic8_compare_exchange_val(&counted.lock, 0, 1, MO_SEQ_CST, MO_SEQ_CST);
	counted.shared_count = 8;
	__tsan_atomic64_compare_exchange_val(&counted.shared_count, 8, 12, MO_SEQ_CST, MO_SEQ_CST);
	assert_null(acquired);
	__tsan_atomic64_compare_exchange_val(&counted.shared_count, 12, 15, MO_SEQ_CST, MO_SEQ_CST);
	assert_ptr_equal(acquired, &counted.lock);
	__tsan_atomic8_compare_exchange_val(&counted.lock, 1, 0, MO_SEQ_CST, MO_SEQ_CST);
	assert_int_equal(ignoring, 0);
}

static void who_may_have_changed_a_type_begins_a_generation(void **state)
{
	(void)state;
	int taken, given;
	type_cache_lock = &counted.lock;
	lock_and_unlock(&counted.lock, PLACE_TYPE_CACHE, &taken, &given);
	lock_and_unlock(&counted.lock, PLACE_READS, &taken, &given);
	lock_and_unlock(&cell.lock, PLACE_PYTHON, &taken, &given);
	assert_null(next_generation);
	lock_and_unlock(&counted.lock, PLACE_PYTHON, &taken, &given);
	assert_ptr_equal(next_generation, &counted.lock);
}

/* ---- where the functions are ---- */

/* A file with these symbols, mapped at 0x10000; its code ends at 0x11000. */
struct file {
	ElfW(Ehdr) header;
	ElfW(Shdr) sections[2];
	ElfW(Sym) symbols[8];
	char strings[200];
};

static void put_symbol(struct file *file, const char *name, unsigned type, uintptr_t at,
		       uint64_t size)
{
	size_t number = file->sections[0].sh_size / sizeof *file->symbols;
	size_t end = file->sections[1].sh_size;
	assert_true(number < COUNT_OF(file->symbols) && end + strlen(name) < sizeof file->strings);
	strcpy(file->strings + end, name);
	file->symbols[number] = (ElfW(Sym)){ .st_name = (ElfW(Word))end,
					     .st_info = (unsigned char)type,
					     .st_value = at,
					     .st_size = size };
	file->sections[0].sh_size += sizeof *file->symbols;
	file->sections[1].sh_size += strlen(name) + 1;
}

static unsigned place_at(uintptr_t offset)
{
	return order_place((const void *)(order_low + offset + 1));
}

static void a_function_is_known_by_its_one_symbol(void **state)
{
	(void)state;
	static struct file file;
	file.header.e_shoff = offsetof(struct file, sections);
	file.header.e_shnum = 2;
	file.sections[0] = (ElfW(Shdr)){ .sh_type = SHT_SYMTAB,
					 .sh_offset = offsetof(struct file, symbols),
					 .sh_link = 1 };
	file.sections[1].sh_offset = offsetof(struct file, strings);
	put_symbol(&file, "_Py_DecRefShared", STT_FUNC, 0x100, 0x28);
	put_symbol(&file, "_PyEval_EvalFrame", STT_FUNC, 0x400, 0x10);   /* the start of a name */
	put_symbol(&file, "PySet_Contains", STT_OBJECT, 0x500, 0x10);    /* no function */
	put_symbol(&file, "weakref_hash", STT_FUNC, 0xff0, 0x20);        /* over the end */
	put_symbol(&file, "weakref_richcompare", STT_FUNC, 0x600, 0x10); /* one of several */
	struct image image = { (const char *)&file, sizeof file, 0x10000 };
	memset(times_seen, 0, sizeof times_seen);
	stand_in(PLACE_PYTHON);
	order_low = 0x10000;
	order_size = 0x1000;
	assert_true(find_symbols(&image));
	assert_int_equal(place_at(0xff), PLACE_PYTHON);
	assert_int_equal(place_at(0x100), PLACE_DECREF);
	assert_int_equal(place_at(0x127), PLACE_DECREF);
	assert_int_equal(place_at(0x130), PLACE_PYTHON);
	assert_int_equal(place_at(0x400), PLACE_PYTHON);
	assert_int_equal(place_at(0x500), PLACE_PYTHON);
	assert_int_equal(place_at(0x600), PLACE_READS);
	assert_int_equal(place_at(0xff8), PLACE_PYTHON);
	assert_int_equal(place_at(0x1000), PLACE_OUTSIDE);
	assert_int_equal(place_at((uintptr_t)-2), PLACE_OUTSIDE);
}

static void a_function_of_two_symbols_is_told_as_written(void **state)
{
	(void)state;
	static struct file file;
	file.header.e_shoff = offsetof(struct file, sections);
	file.header.e_shnum = 2;
	file.sections[0] = (ElfW(Shdr)){ .sh_type = SHT_SYMTAB,
					 .sh_offset = offsetof(struct file, symbols),
					 .sh_link = 1 };
	file.sections[1].sh_offset = offsetof(struct file, strings);
	put_symbol(&file, "_Py_qsbr_advance", STT_FUNC, 0x200, 0x10);
	put_symbol(&file, "_Py_qsbr_advance", STT_FUNC, 0x300, 0x10);
	struct image image = { (const char *)&file, sizeof file, 0x10000 };
	memset(times_seen, 0, sizeof times_seen);
	stand_in(PLACE_PYTHON);
	order_low = 0x10000;
	order_size = 0x1000;
	assert_true(find_symbols(&image));
	assert_int_equal(place_at(0x200), PLACE_AS_WRITTEN);
	assert_int_equal(place_at(0x300), PLACE_AS_WRITTEN);
}

/* Starts as in a process with this level; why it did not start, or NULL. */
static const char *start_with(const char *level)
{
	const char *why = NULL;
	if (level)
		setenv("FTSTRESS_HAPPENS_BEFORE", level, 1);
	else
		unsetenv("FTSTRESS_HAPPENS_BEFORE");
	memset(times_seen, 0, sizeof times_seen);
	memset(order_places, 0, sizeof order_places);
	order_size = 0;
	bool live = start(&why);
	assert_int_equal(live, why == NULL);
	return why;
}

static enum place place_of(int (*function)(void))
{
	function();
	return order_place((const void *)((uintptr_t)function + 1));
}

static void this_program_has_the_functions_of_the_rules(void **state)
{
	(void)state;
	assert_null(start_with("meant"));
	assert_int_equal(place_of(_PyEval_EvalFrameDefault), PLACE_LOOP);
	assert_int_equal(place_of(_Py_DecRefShared), PLACE_DECREF);
	assert_int_equal(place_of(_PyObject_AssignUniqueId), PLACE_UNTOLD);
	assert_int_equal(place_of(_Py_DecRefSharedNot), PLACE_PYTHON);
	assert_int_equal(order_place((const void *)fake_dlsym), PLACE_PYTHON);
	assert_int_equal(order_place((const void *)(uintptr_t)&told), PLACE_OUTSIDE);
	assert_non_null(strstr(note, " _Py_brc_queue_object"));
	assert_null(strstr(note, " _Py_DecRefShared "));
	assert_true(order_type_cache);
	assert_null(order_cells);
}

static void a_release_misses_no_function_of_another_one(void **state)
{
	(void)state;
	run_release(true);
	assert_null(start_with("meant"));
	assert_null(strstr(note, "_PyCode_GetTLBC"));
	assert_int_equal(place_of(_PyObject_AssignUniqueId), PLACE_PYTHON);
	assert_ptr_equal(order_cells, &cell_type);
	run_release(false);
	assert_null(start_with("meant"));
	assert_non_null(strstr(note, "_PyCode_GetTLBC"));
}

static void a_python_that_is_laid_out_otherwise_is_told_as_written(void **state)
{
	(void)state;
	unknown = "another layout";
	assert_string_equal(start_with("meant"), unknown);
	assert_int_equal(order_size, 0);
	run_release(false);
	cache_as_known = false;
	assert_non_null(start_with("meant"));
	assert_int_equal(order_size, 0);
}

static void no_rule_applies_where_orders_are_told_as_written(void **state)
{
	(void)state;
	static const char *const levels[] = { NULL, "as-written", "otherwise" };
	for (size_t i = 0; i < COUNT_OF(levels); i++) {
		assert_non_null(start_with(levels[i]));
		counted.shared_count = 8;
		__tsan_atomic64_fetch_add(&counted.shared_count, 4, MO_SEQ_CST);
		assert_int_equal(told, MO_SEQ_CST);
		__tsan_atomic64_compare_exchange_val(&counted.shared_count, 12, 8, MO_SEQ_CST,
						     MO_SEQ_CST);
		assert_int_equal(told, MO_SEQ_CST);
		__tsan_atomic8_compare_exchange_val(&counted.lock, 0, 1, MO_SEQ_CST, MO_SEQ_CST);
		assert_int_equal(told, MO_SEQ_CST);
		counted.lock = 0;
	}
}

int main(void)
{
#define TEST(function) cmocka_unit_test_setup(function, fresh)
	const struct CMUnitTest tests[] = {
		TEST(an_increment_orders_nothing_wherever_it_stands),
		TEST(the_last_dict_that_gives_keys_back_is_ordered_after_the_others),
		TEST(an_exchange_of_a_count_means_what_it_does),
		TEST(memory_that_is_not_there_is_no_type),
		TEST(a_counter_tells_no_data),
		TEST(a_bit_that_is_set_for_another_thread_only_releases),
		TEST(stores_of_some_places_mean_another_order),
		TEST(a_sequence_number_releases_when_it_is_another_one),
		TEST(a_lock_acquires_and_its_return_releases_as_its_place_says),
		TEST(what_is_no_change_of_a_lock_stays_as_it_is_written),
		TEST(a_lock_that_is_not_free_begins_no_section),
		TEST(a_section_that_is_interrupted_by_a_wait_is_one_section),
		TEST(a_cell_is_read_by_the_eval_loop_of_one_release),
		TEST(a_set_is_read_untold_only_for_an_abstract_class),
		TEST(a_merge_in_a_section_knows_what_the_owner_did),
		TEST(who_may_have_changed_a_type_begins_a_generation),
		TEST(a_function_is_known_by_its_one_symbol),
		TEST(a_function_of_two_symbols_is_told_as_written),
		TEST(this_program_has_the_functions_of_the_rules),
		TEST(a_release_misses_no_function_of_another_one),
		TEST(a_python_that_is_laid_out_otherwise_is_told_as_written),
		TEST(no_rule_applies_where_orders_are_told_as_written),
	};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
