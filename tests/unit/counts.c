/* counts.c - which changes of a reference count are wrong, and which are not. */
#undef _GNU_SOURCE /* counts.c defines it */
#include "interpose/memory/counts.c"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

/* An object, as far as it is counted (PEP 703). */
static _Alignas(16) struct {
	uint64_t owner;
	uint32_t more, local;
	int64_t shared;
	void *type;
} object;
_Static_assert(offsetof(__typeof__(object), local) == OBJECT_COUNT_LOCAL, "ob_ref_local");
_Static_assert(offsetof(__typeof__(object), shared) == OBJECT_COUNT_SHARED, "ob_ref_shared");

struct fts_layout python_at = { .type_flags = 168 };
static bool freed, known, dropped;
static const char *told, *before;
static unsigned died;
static uint64_t dealloc; /* tp_dealloc of the object's type */

#define SHARED(count, flags) ((int64_t)(count) * 4 + (flags))
#define ME ((uint64_t)__builtin_thread_pointer())
#define OTHER 0x7e1234ull
#define LINK 0x7f1000ull /* to the next one in a free list */
#define DEALLOC 0x555555550000ull

/* ---- what it is seen through ---- */

bool made_is_on(void)
{
	return true;
}

bool made_covers(uint64_t address)
{
	return address == (uint64_t)&object || address == LINK;
}

bool made_is_whole(uint64_t start)
{
	return known && !freed && start == (uint64_t)&object;
}

bool made_is_freed(uint64_t start)
{
	return freed && start == (uint64_t)&object;
}

bool made_find(uint64_t start, struct made *made)
{
	*made = (struct made){ 0 };
	return known && start == (uint64_t)&object;
}

bool made_end_find(uint64_t start, struct made *ended)
{
	(void)start;
	*ended = (struct made){ .lives = true };
	return dropped;
}

void made_dies(uint64_t start, uint64_t native)
{
	(void)start, (void)native;
	died++;
}

bool countlog_on;
static struct {
	enum countlog operation;
	int64_t left;
} logged;
static unsigned logs;

void countlog_note(uint64_t start, enum countlog operation, uint64_t many, int64_t left,
		   uintptr_t place)
{
	assert_true(many);
	(void)start, (void)place;
	logged.operation = operation;
	logged.left = left;
	logs++;
}

void countlog_start(void) {}

bool borrowed_any, contended_on;
static unsigned ended;

void contended_count(uint64_t start, uintptr_t place)
{
	(void)start, (void)place;
}

void borrowed_ends(uint64_t start, uintptr_t place)
{
	(void)start, (void)place;
	ended++;
}

bool object_find(uint64_t address, struct object *found)
{
	*found = (struct object){ .start = address, .size = 64, .type = "list" };
	return true;
}

static bool peeks; /* what is there; else all is `dealloc` */

bool object_peek(uint64_t address, void *out, uint64_t length)
{
	if (peeks)
		memcpy(out, (const void *)address, length);
	else
		memcpy(out, &dealloc, length);
	return true;
}

unsigned walk_stack(const void *hook, struct walked *out, unsigned room)
{
	(void)hook, (void)room;
	out[0] = (struct walked){ .pc = 4096 };
	out[1] = (struct walked){ .pc = DEALLOC + 100 };
	return 2;
}

bool object_type_name(uint64_t type, char *name, uint64_t room)
{
	(void)type, (void)name, (void)room;
	return peeks;
}

bool misuse_is_told(uint64_t place)
{
	(void)place;
	return false;
}

void misuse_tell(const struct misuse *misuse)
{
	told = misuse->type;
	before = misuse->before;
}

static void ignore(void *which)
{
	(void)which;
}

static int64_t merged_count;

static int64_t fake_merge(void *which, int64_t more)
{
	(void)which, (void)more;
	return merged_count;
}

void *symbol_next(const char *symbol)
{
	return strstr(symbol, "Merge") && strstr(symbol, "Explicit") ? (void *)fake_merge
								     : (void *)ignore;
}

void *symbol_need(const char *symbol)
{
	return symbol_next(symbol);
}

/* ---- the changes ---- */

static void make(uint64_t owner, uint32_t local, int64_t shared)
{
	object.owner = owner;
	object.local = local;
	object.shared = shared;
	freed = dropped = false;
	known = counts_on = true;
	told = before = NULL;
	died = 0;
	dealloc = DEALLOC - 65536;
	counts_born_low = counts_born_size = 0;
	memset(in_vain, 0, sizeof in_vain);
}

static void assert_told(const char *type)
{
	if (type)
		assert_string_equal(told ? told : "nothing", type);
	else
		assert_null(told);
}

static void assert_store(uint32_t value, const char *type)
{
	told = NULL;
	counts_store(&object.local, value, (const void *)4096);
	assert_told(type);
}

static void assert_drop(const char *type)
{
	told = NULL;
	_Py_DecRefShared(&object);
	assert_told(type);
}

/* A thread is about to be through with adding up both counts. */
static void *add_up(void *none)
{
	(void)none;
	usleep(20000);
	__atomic_store_n(&object.shared, SHARED(1, MERGED), __ATOMIC_RELAXED);
	return NULL;
}

static void assert_nothing_while_added_up(void (*change)(const char *type))
{
	pthread_t thread;
	make(0, 0, 0);
	pthread_create(&thread, NULL, add_up, NULL);
	change(NULL);
	pthread_join(thread, NULL);
}

static void assert_add(const char *type)
{
	told = NULL;
	counts_add((const volatile uint64_t *)&object.shared, (const void *)4096);
	assert_told(type);
}

static void the_owner_counts_what_it_has(void **state)
{
	(void)state;
	make(ME, 2, 0);
	assert_store(3, NULL);
	assert_store(1, NULL);
	make(ME, 1, 0);
	assert_store(0, NULL);
	make(ME, 0, 0);
	assert_store(COUNT_IMMORTAL, "reference-count-low");
	assert_string_equal(before, "dropped the last reference to it");
	assert_store(1, "reference-count-dead");
	counts_born_size = 8192; /* there an object begins */
	assert_store(1, NULL);
}

static void another_thread_does_not_write_the_owners_count(void **state)
{
	(void)state;
	make(OTHER, 2, 0);
	assert_store(3, "reference-count-owner");
	assert_store(0, NULL);              /* the counts are added up */
	assert_store(COUNT_IMMORTAL, NULL); /* it becomes immortal */
	known = false;
	assert_store(3, NULL); /* no object */
}

static void an_immortal_object_is_not_counted(void **state)
{
	(void)state;
	make(0, COUNT_IMMORTAL, 0);
	assert_store(0, "reference-count-immortal");
	assert_store(COUNT_IMMORTAL - 1, "reference-count-immortal");
	assert_store(COUNT_IMMORTAL, NULL);
	assert_drop(NULL);
}

static void others_drop_what_there_is(void **state)
{
	(void)state;
	make(OTHER, 1, 0);
	assert_drop(NULL); /* it waits for the owner */
	make(OTHER, 2, SHARED(-1, 0));
	assert_drop(NULL);
	make(OTHER, 1, SHARED(-1, 0));
	assert_drop("reference-count-low");
	assert_null(before);
	make(OTHER, 1, SHARED(0, QUEUED));
	dropped = true;
	assert_drop("reference-count-low"); /* the one that waits is dropped already */
	assert_string_equal(before, "dropped a reference to it before");
	make(OTHER, 2, SHARED(0, QUEUED));
	assert_drop(NULL);
	make(OTHER, 0, SHARED(0, QUEUED));
	assert_drop(NULL); /* the owner may be adding up */
	make(0, 0, SHARED(1, MERGED));
	assert_drop(NULL);
	assert_int_equal(died, 1);
	make(0, 0, SHARED(0, MERGED));
	assert_drop("reference-count-low");
	make(LINK, 0, 0);
	assert_drop("reference-count-low"); /* it lies in a free list */
	make(0, 0, 0);
	assert_drop("reference-count-low"); /* it is the first one there */
	assert_nothing_while_added_up(assert_drop);
}

static void nobody_takes_what_is_gone(void **state)
{
	(void)state;
	make(OTHER, 1, 0);
	assert_add(NULL);
	make(OTHER, 0, SHARED(1, 0));
	assert_add(NULL);
	make(0, 0, 0);
	assert_add("reference-count-dead");
	assert_nothing_while_added_up(assert_add);
	make(LINK, 0, 0);
	assert_add("reference-count-dead");
	dealloc = DEALLOC; /* its own, for the time of a finalizer */
	assert_add(NULL);
	make(ME, 0, 0);
	dealloc = DEALLOC;
	assert_store(1, NULL);
	make(0, 0, SHARED(0, MERGED));
	assert_add("reference-count-dead");
	make(OTHER, 1, 0);
	freed = true;
	assert_add("reference-count-dead");
	assert_string_equal(before, "freed it");
	assert_drop("reference-count-low");
}

static void what_both_counted_has_to_add_up(void **state)
{
	(void)state;
	make(ME, 0, 0);
	_Py_MergeZeroLocalRefcount(&object);
	assert_told(NULL);
	assert_int_equal(died, 1);
	make(ME, 0, SHARED(2, 0));
	_Py_MergeZeroLocalRefcount(&object);
	assert_told(NULL);
	make(ME, 0, SHARED(-1, 0));
	_Py_MergeZeroLocalRefcount(&object);
	assert_told("reference-count-low");
	make(ME, 0, SHARED(0, QUEUED));
	_Py_MergeZeroLocalRefcount(&object);
	assert_told("reference-count-low");
	make(ME, 0, SHARED(0, MERGED));
	merged_count = 0;
	_Py_ExplicitMergeRefcount(&object, -1);
	assert_told(NULL);
	merged_count = -1;
	_Py_ExplicitMergeRefcount(&object, -1);
	assert_told("reference-count-low");
}

/* What has been borrowed ends with the last reference, whoever drops it, and not before. */
static void the_last_reference_ends_what_is_borrowed(void **state)
{
	(void)state;
	borrowed_any = true;
	ended = 0;
	make(OTHER, 1, SHARED(1, 0));
	assert_int_equal(counts_references((uint64_t)&object), 2);
	_Py_DecRefShared(&object);
	assert_int_equal(ended, 0);
	make(OTHER, 1, 0);
	assert_int_equal(counts_references((uint64_t)&object), 1);
	_Py_DecRefShared(&object);
	assert_int_equal(ended, 1);
	make(ME, 0, SHARED(1, 0));
	_Py_MergeZeroLocalRefcount(&object);
	assert_int_equal(ended, 1);
	make(ME, 0, 0);
	_Py_MergeZeroLocalRefcount(&object);
	assert_int_equal(ended, 2);
	make(0, 0, SHARED(1, MERGED));
	_Py_DecRefShared(&object);
	assert_int_equal(ended, 3);
	make(0, COUNT_IMMORTAL, 0);
	assert_true(counts_references((uint64_t)&object) > 1000);
	borrowed_any = false;
}

static void assert_logged(enum countlog operation, int64_t left)
{
	assert_int_equal(logs, 1);
	assert_int_equal(logged.operation, operation);
	assert_int_equal(logged.left, left);
	logs = 0;
}

static void each_change_is_logged_if_that_is_asked_for(void **state)
{
	(void)state;
	make(ME, 2, SHARED(1, 0));
	assert_store(3, NULL);
	assert_int_equal(logs, 0);
	countlog_on = true;
	assert_store(3, NULL);
	assert_logged(COUNTLOG_TAKES, 4);
	assert_store(1, NULL);
	assert_logged(COUNTLOG_DROPS, 2);
	assert_add(NULL);
	assert_logged(COUNTLOG_TAKES, 4);
	assert_drop(NULL);
	assert_logged(COUNTLOG_DROPS, 2);
	counts_log_taken((uint64_t)&object, 4096);
	assert_logged(COUNTLOG_TAKES, 3);
	make(ME, 0, 0); /* none is left, and one is dropped */
	assert_store(COUNT_IMMORTAL, "reference-count-low");
	assert_logged(COUNTLOG_DROPS, -1);
	make(0, COUNT_IMMORTAL, 0);
	assert_add(NULL);
	assert_int_equal(logs, 0);
	make(ME, 1, 0);
	counts_born_size = 8192; /* there an object begins, */
	assert_store(7, NULL);
	counts_born_size = 0;
	merge_size = 8192; /* and there both counts are added up */
	assert_store(0, NULL);
	assert_int_equal(logs, 0);
	merge_size = 0;
	countlog_on = false;
}

static void assert_plain(bool shared, const char *type)
{
	told = NULL;
	if (shared)
		counts_look_at_plain_shared((uint64_t)&object, 4096);
	else
		counts_look_at_plain_local((uint64_t)&object, 4096);
	assert_told(type);
}

static void a_count_that_others_change_is_not_written_plainly(void **state)
{
	(void)state;
	make(OTHER, 2, 0);
	assert_plain(false, "reference-count-plain");
	assert_plain(true, "reference-count-plain");
	make(OTHER, 1, 0); /* it is handed over: the thread has the only reference */
	assert_plain(false, NULL);
	assert_plain(true, NULL);
	make(ME, 2, 0); /* nobody else has it */
	assert_plain(false, NULL);
	assert_plain(true, NULL);
	make(ME, 2, SHARED(1, 0));
	assert_plain(false, NULL);
	assert_plain(true, "reference-count-plain");
	make(0, 0, SHARED(2, MERGED));
	assert_plain(true, "reference-count-plain");
	make(0, 0, SHARED(0, MERGED)); /* it is gone: a reference for its finalizer */
	assert_plain(true, NULL);
	make(0, COUNT_IMMORTAL, 0);
	assert_plain(false, "reference-count-plain");
	assert_plain(true, NULL);
	make(OTHER, 2, 0);
	known = false; /* the field of something else */
	assert_plain(false, NULL);
	make(OTHER, 2, 0);
	freed = true;
	assert_plain(false, NULL);
	make(0, COUNT_IMMORTAL, 0); /* -1 in memory that was an object's */
	freed = true;
	assert_plain(false, NULL);
	make(OTHER, 2, 0);
	counts_on = false;
	assert_plain(false, NULL);
}

/* Called, as an extension's function does it, whose variables lie above. */
static __attribute__((noinline)) void look_at(const void *written)
{
	told = NULL;
	counts_look_at_plain_local((uint64_t)written, 4096);
}

/* Not in the heap: in static storage it may be True, on the stack it is an extension's own -1. */
static void an_immortal_object_in_static_storage_is_known(void **state)
{
	static uint64_t type[64];
	static __typeof__(object) elsewhere;
	/* What has a size that is known, AddressSanitizer keeps elsewhere. */
	volatile size_t size = sizeof object;
	__typeof__(object) *own = __builtin_alloca_with_align(size, 128);
	*own = (__typeof__(object)){ .local = COUNT_IMMORTAL, .type = type };
	(void)state;
	make(OTHER, 2, 0);
	peeks = true;
	type[OBJECT_TYPE / 8] = (uint64_t)type;
	type[python_at.type_flags / 8] |= TYPE_SUBCLASS;
	elsewhere = *own;
	look_at(&elsewhere);
	assert_told("reference-count-plain");
	look_at(own);
	assert_told(NULL);
	elsewhere.shared = 4; /* a number of something else */
	look_at(&elsewhere);
	assert_told(NULL);
	elsewhere = *own;
	type[python_at.type_flags / 8] = 0; /* what it points to is no type */
	look_at(&elsewhere);
	assert_told(NULL);
	peeks = false;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_owner_counts_what_it_has),
		cmocka_unit_test(another_thread_does_not_write_the_owners_count),
		cmocka_unit_test(an_immortal_object_is_not_counted),
		cmocka_unit_test(others_drop_what_there_is),
		cmocka_unit_test(nobody_takes_what_is_gone),
		cmocka_unit_test(what_both_counted_has_to_add_up),
		cmocka_unit_test(the_last_reference_ends_what_is_borrowed),
		cmocka_unit_test(each_change_is_logged_if_that_is_asked_for),
		cmocka_unit_test(a_count_that_others_change_is_not_written_plainly),
		cmocka_unit_test(an_immortal_object_in_static_storage_is_known),
	};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
