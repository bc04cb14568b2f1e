/*
 * type_cache.c - who is ordered after whom by the type cache: interpose/order/type_cache.c alone.
 *
 * ThreadSanitizer's clocks are two numbers here, of a thread and of each word: the last change of a
 * type that it knows of, and the last other thing (what the filler of an entry did, which the finder
 * is not to learn of). A release joins the thread's into the word's, an acquire the other way round.
 * Changes are made under the lock of all types, so who knows of one knows of those before it.
 */
#undef _GNU_SOURCE
#include "interpose/order/type_cache.c"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

bool order_type_cache = true;

/* ---- threads, and what they know ---- */

struct known {
	unsigned change, other;
};

struct worker {
	struct known known;
	unsigned acquires;
	/* Its thread-local variables, while another one runs. */
	uint32_t acquired;
	const struct type_cache_entry *entry;
	const volatile uint32_t *version;
	uint32_t was;
};

static struct worker *now; /* the thread that runs */
static struct known of_word[GENERATIONS], of_lock;
static unsigned changes;
static int ignoring, ignoring_sync;

static void run(struct worker *worker)
{
	if (now) {
		now->acquired = type_cache_acquired;
		now->entry = type_cache_entry;
		now->version = looked_in.version;
		now->was = looked_in.was;
	}
	now = worker;
	type_cache_acquired = worker->acquired;
	type_cache_entry = worker->entry;
	looked_in.version = worker->version;
	looked_in.was = worker->was;
}

static void join(struct known *into, const struct known *from)
{
	if (from->change > into->change)
		into->change = from->change;
	if (from->other > into->other)
		into->other = from->other;
}

/* Generations have words; all else is the one lock of the test. */
static struct known *clock_of(const volatile void *word)
{
	const volatile uint64_t *generation_word = word;
	return generation_word >= words && generation_word < words + GENERATIONS
		       ? &of_word[generation_word - words]
		       : &of_lock;
}

static void fake_acquire(const volatile void *word)
{
	join(&now->known, clock_of(word));
	now->acquires++;
}

static void fake_release(const volatile void *word)
{
	join(clock_of(word), &now->known);
}

static void fake_ignore_begin(void)
{
	ignoring++;
}

static void fake_ignore_end(void)
{
	ignoring--;
}

static void fake_ignore_sync_begin(const char *file, int line)
{
	(void)file, (void)line;
	ignoring_sync++;
}

static void fake_ignore_sync_end(const char *file, int line)
{
	(void)file, (void)line;
	ignoring_sync--;
}

static unsigned real_calls;

static void real_write(uint32_t *sequence)
{
	(void)sequence;
	real_calls++;
}

static uint32_t real_read(const uint32_t *sequence)
{
	(void)sequence;
	return ++real_calls;
}

static int real_read_end(const uint32_t *sequence, uint32_t previous)
{
	(void)sequence, (void)previous;
	return (int)++real_calls;
}

static void real_modified(void *type)
{
	(void)type;
	real_calls++;
}

static char none_object[64];

/*
 * A Python whose type cache is looked at. With a lookup of a name, these entries are filled: those
 * of other names before it, its own, and those of the exception's names after it, which are not
 * filled where an earlier exception has left them.
 */
static struct {
	unsigned before, after; /* other entries */
	bool fills;             /* the name's own */
	bool has_name;          /* the type has an attribute of this name */
	uint32_t version;
	unsigned cleared;
} python;
static char probed_text[8], other_text[8], list_type[8], an_attribute[8];

static void fill_entry(void *name, void *value, uint32_t version)
{
	struct type_cache_entry entry = { 0 };
	_PySeqLock_LockWrite(&entry.sequence);
	entry = (struct type_cache_entry){ .name = name, .value = value, .version = version };
	_PySeqLock_UnlockWrite(&entry.sequence);
}

static void *fake_intern(const char *text)
{
	(void)text;
	return probed_text;
}

static void *fake_attribute(void *type, void *name)
{
	assert_ptr_equal(type, list_type);
	void *value = python.has_name ? an_attribute : NULL;
	for (unsigned i = 0; i < python.before; i++)
		fill_entry(other_text, NULL, 1 + i);
	if (python.fills)
		fill_entry(name, value, python.version);
	for (unsigned i = 0; i < python.after; i++)
		fill_entry(other_text, an_attribute, 9 + i);
	return value;
}

static void fake_clear(void)
{
	python.cleared++;
}

void *symbol_next(const char *symbol)
{
	static const struct {
		const char *name;
		void *function;
	} known[] = {
		{ "__tsan_acquire", (void *)fake_acquire },
		{ "__tsan_release", (void *)fake_release },
		{ "__tsan_ignore_thread_begin", (void *)fake_ignore_begin },
		{ "__tsan_ignore_thread_end", (void *)fake_ignore_end },
		{ "AnnotateIgnoreSyncBegin", (void *)fake_ignore_sync_begin },
		{ "AnnotateIgnoreSyncEnd", (void *)fake_ignore_sync_end },
		{ "PyType_Modified", (void *)real_modified },
		{ "_Py_NoneStruct", none_object },
		{ "_PySeqLock_LockWrite", (void *)real_write },
		{ "_PySeqLock_UnlockWrite", (void *)real_write },
		{ "_PySeqLock_AbandonWrite", (void *)real_write },
		{ "_PySeqLock_BeginRead", (void *)real_read },
		{ "_PySeqLock_EndRead", (void *)real_read_end },
		{ "PyUnicode_InternFromString", (void *)fake_intern },
		{ "PyObject_GetAttr", (void *)fake_attribute },
		{ "PyErr_Clear", (void *)fake_clear },
		{ "PyList_Type", list_type },
	};
	for (size_t i = 0; i < sizeof known / sizeof *known; i++)
		if (strcmp(symbol, known[i].name) == 0)
			return known[i].function;
	fail_msg("%s is looked up", symbol);
	return NULL;
}

void *symbol_need(const char *symbol)
{
	return symbol_next(symbol);
}

/* ---- what CPython does with types ---- */

struct type {
	uint32_t version;
	struct type_cache_entry entry;
};

static uint8_t main_lock;
static uint32_t last_version;
static struct worker maker, filler, finder;

/* A name in the type is changed, under this lock; it has no version until it is looked up. */
static unsigned change_under(struct worker *worker, struct type *type, uint8_t *lock)
{
	run(worker);
	fake_acquire(lock);
	worker->known.change = ++changes;
	type->version = 0;
	type_cache_unlocks(lock);
	fake_release(lock);
	return changes;
}

static unsigned change(struct worker *worker, struct type *type)
{
	return change_under(worker, type, &main_lock);
}

/* Looks for the name in the cache; returns whether it was found. */
static bool find(struct worker *worker, struct type *type)
{
	run(worker);
	uint32_t sequence = _PySeqLock_BeginRead(&type->entry.sequence);
	uint32_t cached = type_cache_load(&type->entry.version);
	uint32_t version = type_cache_load(&type->version);
	assert_null(type_cache_entry);
	return cached == version && version && _PySeqLock_EndRead(&type->entry.sequence, sequence);
}

/* Looks under the lock, gives the type a version, fills the entry. */
static void fill_under(struct worker *worker, struct type *type, uint8_t *lock)
{
	if (find(worker, type))
		return;
	type_cache_locked(lock);
	if (!type->version)
		type->version = ++last_version;
	_PySeqLock_LockWrite(&type->entry.sequence);
	type->entry.version = type->version;
	_PySeqLock_UnlockWrite(&type->entry.sequence);
}

static void fill(struct worker *worker, struct type *type)
{
	fill_under(worker, type, &main_lock);
}

static int fresh(void **state)
{
	(void)state;
	type_cache_resolve();
	now = NULL;
	maker = filler = finder = (struct worker){ 0 };
	memset(of_word, 0, sizeof of_word);
	memset(&of_lock, 0, sizeof of_lock);
	memset(versions, 0, sizeof versions);
	memset(more_locks, 0, sizeof more_locks);
	changes = last_version = generation = newest_in_use = 0;
	type_cache_lock = &main_lock;
	type_cache_more_locks = 0;
	real_calls = 0;
	order_type_cache = true;
	return 0;
}

static int all_is_told(void **state)
{
	(void)state;
	assert_int_equal(ignoring, 0);
	assert_int_equal(ignoring_sync, 0);
	return 0;
}

/* ---- generations ---- */

static void who_finds_an_entry_knows_who_changed_the_type_and_not_what_its_filler_did(void **state)
{
	(void)state;
	struct type type = { 0 };
	unsigned changed = change(&maker, &type);
	filler.known.other = 7;
	fill(&filler, &type);
	assert_true(find(&finder, &type));
	assert_int_equal(finder.known.change, changed);
	assert_int_equal(finder.known.other, 0);
}

static void an_old_version_tells_nothing_of_later_changes(void **state)
{
	(void)state;
	struct type type = { 0 }, other = { 0 };
	unsigned changed = change(&maker, &type);
	fill(&filler, &type);
	maker.known.other = 7;
	unsigned later = change(&maker, &other);
	assert_true(find(&finder, &type));
	assert_int_equal(finder.known.change, changed);
	assert_int_equal(finder.known.other, 0);
	fill(&filler, &other);
	assert_true(find(&finder, &other));
	assert_int_equal(finder.known.change, later);
	assert_int_equal(finder.known.other, 7);
}

static void changes_that_no_version_came_between_are_one_generation(void **state)
{
	(void)state;
	struct type type = { 0 };
	for (int i = 0; i < 1000; i++)
		change(&maker, &type);
	assert_int_equal(generation, 1);
	fill(&filler, &type);
	assert_true(find(&finder, &type));
	assert_int_equal(finder.known.change, 1000);
	change(&maker, &type);
	change(&maker, &type);
	assert_int_equal(generation, 2);
}

static void a_generation_is_acquired_once_by_a_thread(void **state)
{
	(void)state;
	struct type types[8] = { 0 };
	for (int i = 0; i < 8; i++)
		change(&maker, &types[i]);
	for (int i = 0; i < 8; i++)
		fill(&filler, &types[i]);
	for (int i = 0; i < 8; i++)
		assert_true(find(&finder, &types[i]));
	assert_int_equal(finder.acquires, 1);
}

static void a_generation_knows_all_before_it(void **state)
{
	(void)state;
	struct worker makers[100] = { 0 };
	struct type type = { 0 };
	makers[0].known.other = 7; /* before the first of the changes */
	for (int i = 0; i < 100; i++) {
		/* No lock orders them here: only generations can tell the last one of the first. */
		run(&makers[i]);
		makers[i].known.change = ++changes;
		type.version = 0;
		type_cache_next_generation(&main_lock);
		fill(&filler, &type);
	}
	run(&finder);
	assert_int_equal(generation, 100);
	assert_true(find(&finder, &type));
	assert_int_equal(finder.known.change, 100);
	assert_int_equal(finder.known.other, 7);
}

/* Versions of one slot push each other out; one that is pushed out knows more, never less. */
static void two_versions_of_one_slot_lose_no_change(void **state)
{
	(void)state;
	struct type old = { 0 }, new = { 0 };
	last_version = 4;
	unsigned first = change(&maker, &old);
	fill(&filler, &old);
	assert_ptr_equal(slot_of(old.version), slot_of(1u << 16 ^ (old.version | 1u << 15)));
	unsigned second = change(&maker, &new);
	last_version = (1u << 16 ^ (old.version | 1u << 15)) - 1;
	fill(&filler, &new);
	assert_true(find(&finder, &new));
	assert_int_equal(finder.known.change, second);
	struct worker late = { 0 };
	assert_true(find(&late, &old));
	assert_true(late.known.change >= first);
}

static void when_the_words_are_used_again_no_change_is_lost(void **state)
{
	(void)state;
	static struct type types[2 * GENERATIONS + 3];
	size_t count = sizeof types / sizeof *types;
	memset(types, 0, sizeof types);
	struct worker slow = { 0 };
	for (size_t i = 0; i < count; i++) {
		change(&maker, &types[i]);
		fill(&filler, &types[i]);
		if (i % 1000 == 0) {
			assert_true(find(&slow, &types[i]));
			assert_int_equal(slow.known.change, i + 1);
		}
	}
	assert_int_equal(generation, count);
	/* Of a newcomer that finds old entries first, and of one that finds the newest. */
	for (size_t i = 0; i < count; i += 97) {
		assert_true(find(&finder, &types[i]));
		assert_true(finder.known.change >= i + 1);
	}
	struct worker late = { 0 };
	assert_true(find(&late, &types[count - 1]));
	assert_int_equal(late.known.change, count);
}

static void when_the_numbers_of_generations_begin_again_no_change_is_lost(void **state)
{
	(void)state;
	static struct type types[16];
	memset(types, 0, sizeof types);
	generation = newest_in_use = UINT32_MAX - 4;
	finder.acquired = UINT32_MAX - 4; /* as it was started */
	for (unsigned i = 0; i < 16; i++) {
		unsigned changed = change(&maker, &types[i]);
		fill(&filler, &types[i]);
		assert_true(find(&finder, &types[i]));
		assert_int_equal(finder.known.change, changed);
	}
	assert_int_equal(generation, 11);
}

/* ---- the lock of all types ---- */

static void under_the_lock_a_version_that_stays_tells_enough(void **state)
{
	(void)state;
	struct type type = { 0 }, other = { 0 };
	unsigned changed = change(&maker, &type);
	fill(&filler, &type);
	maker.known.other = 7;
	change(&maker, &other);
	/* Another name of the type: its entry is empty, the type has its version. */
	type.entry.version = 0;
	assert_false(find(&finder, &type));
	type_cache_locked(&main_lock);
	assert_int_equal(finder.known.change, changed);
	assert_int_equal(finder.known.other, 0);
}

static void under_the_lock_a_type_without_a_version_or_with_another_tells_all(void **state)
{
	(void)state;
	struct type type = { 0 };
	unsigned changed = change(&maker, &type);
	assert_false(find(&finder, &type));
	type_cache_locked(&main_lock);
	assert_int_equal(finder.known.change, changed);

	/* It was changed while this thread waited for the lock. */
	fill(&filler, &type);
	struct worker late = { 0 };
	type.entry.version = 0;
	assert_false(find(&late, &type));
	unsigned meanwhile = change(&maker, &type);
	fill(&filler, &type);
	run(&late);
	type_cache_locked(&main_lock);
	assert_int_equal(late.known.change, meanwhile);
	/* What was looked at counts once. */
	assert_null(looked_in.version);
}

static void the_first_lock_that_is_seen_is_the_main_interpreters(void **state)
{
	(void)state;
	uint8_t other = 0;
	struct type type = { 0 };
	type_cache_lock = NULL;
	change(&maker, &type);
	assert_int_equal(generation, 0); /* no lock is known, and no version was given */
	fill(&filler, &type);
	assert_ptr_equal(type_cache_lock, &main_lock);
	assert_int_equal(type_cache_more_locks, 0);
	change_under(&maker, &type, &other); /* some other lock */
	assert_int_equal(generation, 0);
	change(&maker, &type);
	assert_int_equal(generation, 1);
}

static void an_extension_that_changed_a_type_begins_a_generation(void **state)
{
	(void)state;
	struct type type = { 0 };
	change(&maker, &type);
	fill(&filler, &type);
	uint32_t before = generation;
	run(&maker);
	maker.known.change = ++changes; /* without the lock */
	type.version = 0;
	PyType_Modified(&type);
	assert_int_equal(real_calls, 1);
	assert_int_equal(generation, before + 1);
	fill(&filler, &type);
	assert_true(find(&finder, &type));
	assert_int_equal(finder.known.change, changes);
}

/* ---- subinterpreters: each has a lock, and counts versions for itself ---- */

static void a_version_of_two_interpreters_knows_the_changes_of_both(void **state)
{
	(void)state;
	uint8_t sub_lock = 0;
	struct type in_main = { 0 }, in_sub = { 0 };
	change(&maker, &in_main);
	fill(&filler, &in_main);
	uint32_t version = last_version;

	struct worker sub = { 0 };
	fill_under(&sub, &in_sub, &sub_lock); /* the lock is met for the first time */
	assert_int_equal(type_cache_more_locks, 1);
	unsigned changed = change_under(&sub, &in_sub, &sub_lock);
	last_version = version - 1; /* the same number as the main interpreter's type has */
	fill_under(&sub, &in_sub, &sub_lock);
	assert_int_equal(in_sub.version, in_main.version);
	assert_true(find(&finder, &in_sub));
	assert_true(finder.known.change >= changed);
	/* It is met once only. */
	fill_under(&sub, &in_sub, &sub_lock);
	fill(&filler, &in_main);
	assert_int_equal(type_cache_more_locks, 1);
}

static void however_many_interpreters_there_are_no_change_is_lost(void **state)
{
	(void)state;
	static uint8_t locks[3 * LOCKS];
	static struct type types[3 * LOCKS];
	memset(types, 0, sizeof types);
	for (int i = 0; i < 3 * LOCKS; i++)
		fill_under(&filler, &types[i], &locks[i]);
	for (int i = 0; i < 3 * LOCKS; i++) {
		memset(&of_lock, 0, sizeof of_lock); /* another interpreter's is another lock */
		unsigned changed = change_under(&maker, &types[i], &locks[i]);
		types[i].version = ++last_version;
		types[i].entry.version = types[i].version;
		struct worker late = { 0 };
		assert_true(find(&late, &types[i]));
		assert_int_equal(late.known.change, changed);
		now = NULL;
	}
}

/* ---- the sequence lock ---- */

static void the_sequence_is_odd_while_an_entry_is_filled_and_new_when_it_is(void **state)
{
	(void)state;
	struct type type = { .entry = { .version = 1, .sequence = 4 } };
	run(&filler);
	uint32_t before = _PySeqLock_BeginRead(&type.entry.sequence);
	assert_int_equal(before, 4);
	_PySeqLock_LockWrite(&type.entry.sequence);
	assert_int_equal(type.entry.sequence, 5);
	assert_int_equal(ignoring, 1);
	assert_int_equal(ignoring_sync, 1);
	assert_false(_PySeqLock_EndRead(&type.entry.sequence, before));
	_PySeqLock_UnlockWrite(&type.entry.sequence);
	assert_int_equal(type.entry.sequence, 6);
	assert_false(_PySeqLock_EndRead(&type.entry.sequence, before));
	assert_true(_PySeqLock_EndRead(&type.entry.sequence, 6));
}

static void an_entry_that_is_not_filled_after_all_is_as_it_was(void **state)
{
	(void)state;
	struct type type = { .entry = { .version = 1, .sequence = 4 } };
	run(&filler);
	_PySeqLock_LockWrite(&type.entry.sequence);
	_PySeqLock_AbandonWrite(&type.entry.sequence);
	assert_int_equal(type.entry.sequence, 4);
	assert_true(_PySeqLock_EndRead(&type.entry.sequence, 4));
	assert_int_equal(*slot_of(1), 0);
}

static void where_orders_are_told_as_written_cpythons_own_functions_run(void **state)
{
	(void)state;
	struct type type = { .entry = { .sequence = 1 } };
	order_type_cache = false;
	run(&filler);
	assert_int_equal(_PySeqLock_BeginRead(&type.entry.sequence), 1);
	assert_int_equal(_PySeqLock_EndRead(&type.entry.sequence, 0), 2);
	_PySeqLock_LockWrite(&type.entry.sequence);
	_PySeqLock_UnlockWrite(&type.entry.sequence);
	_PySeqLock_AbandonWrite(&type.entry.sequence);
	assert_int_equal(real_calls, 5);
	assert_int_equal(type.entry.sequence, 1);
	assert_null(type_cache_entry);
}

/* ---- is the cache laid out as we read it? ---- */

/* The answer of a Python in which the name's entry gets this version, before orders are told. */
static bool probe(bool fills, bool has_name, uint32_t version, unsigned before, unsigned after)
{
	order_type_cache = false;
	python.fills = fills;
	python.has_name = has_name;
	python.version = version;
	python.before = before;
	python.after = after;
	python.cleared = 0;
	bool yes = type_cache_probe();
	assert_int_equal(python.cleared, 1);
	assert_null(probed_name);
	return yes;
}

static void the_probe_finds_its_entry_whatever_else_is_in_the_cache(void **state)
{
	(void)state;
	for (unsigned before = 0; before < 3; before++)
		for (unsigned after = 0; after < 3; after++)
			assert_true(probe(true, false, 77, before, after));
}

static void the_probe_says_no_where_no_entry_is_as_it_should_be(void **state)
{
	(void)state;
	assert_false(probe(false, false, 77, 0, 0));
	assert_false(probe(false, false, 77, 1, 1)); /* filled, with other names */
	assert_false(probe(true, false, 0, 0, 1));   /* at its place there is no version */
	assert_false(probe(true, true, 77, 0, 1));   /* it has a value, and should not */
	/* What is filled at other times is no answer. */
	fill_entry(probed_text, NULL, 77);
	assert_false(probe(false, false, 77, 0, 0));
}

/* ---- the name that is taken out ---- */

struct name {
	void *thread;
	uint32_t more, local;
	uint64_t shared;
};
_Static_assert(offsetof(struct name, local) == OBJECT_COUNT_LOCAL, "layout");
_Static_assert(offsetof(struct name, shared) == OBJECT_COUNT_SHARED, "layout");

/* Fills an entry that has this name; returns what is left in it. */
static void *fill_over(struct name *name)
{
	struct type type = { .entry = { .name = name } };
	run(&filler);
	_PySeqLock_LockWrite(&type.entry.sequence);
	void *left = type.entry.name;
	_PySeqLock_AbandonWrite(&type.entry.sequence);
	return left;
}

static void a_name_of_another_thread_is_given_back_in_silence(void **state)
{
	(void)state;
	struct name name = { .thread = &finder, .local = 1, .shared = 3 * SHARED_ONE };
	assert_ptr_equal(fill_over(&name), none_object);
	assert_int_equal(name.shared, 2 * SHARED_ONE);
	name.shared = 2 * SHARED_ONE + SHARED_MERGED;
	assert_ptr_equal(fill_over(&name), none_object);
	assert_int_equal(name.shared, SHARED_ONE + SHARED_MERGED);
}

static void the_last_reference_to_a_name_is_kept(void **state)
{
	(void)state;
	static const int64_t counts[] = {
		SHARED_ONE + SHARED_MERGED, 0, 1, 2, SHARED_MERGED, -SHARED_ONE
	};
	for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
		struct name name = { .thread = &finder, .shared = (uint64_t)counts[i] };
		assert_ptr_equal(fill_over(&name), none_object);
		assert_int_equal((int64_t)name.shared, counts[i]);
	}
}

static void a_name_of_this_thread_and_one_that_lives_for_ever_are_left_alone(void **state)
{
	(void)state;
	struct name own = { .thread = __builtin_thread_pointer(), .shared = 3 * SHARED_ONE };
	assert_ptr_equal(fill_over(&own), &own);
	assert_int_equal(own.shared, 3 * SHARED_ONE);
	struct name immortal = { .local = UINT32_MAX, .shared = 3 * SHARED_ONE };
	assert_ptr_equal(fill_over(&immortal), none_object);
	assert_int_equal(immortal.shared, 3 * SHARED_ONE);
	assert_null(fill_over(NULL));
	assert_ptr_equal(fill_over((struct name *)(void *)none_object), none_object);
}

int main(void)
{
#define TEST(function) cmocka_unit_test_setup_teardown(function, fresh, all_is_told)
	const struct CMUnitTest tests[] = {
		TEST(who_finds_an_entry_knows_who_changed_the_type_and_not_what_its_filler_did),
		TEST(an_old_version_tells_nothing_of_later_changes),
		TEST(changes_that_no_version_came_between_are_one_generation),
		TEST(a_generation_is_acquired_once_by_a_thread),
		TEST(a_generation_knows_all_before_it),
		TEST(two_versions_of_one_slot_lose_no_change),
		TEST(when_the_words_are_used_again_no_change_is_lost),
		TEST(when_the_numbers_of_generations_begin_again_no_change_is_lost),
		TEST(under_the_lock_a_version_that_stays_tells_enough),
		TEST(under_the_lock_a_type_without_a_version_or_with_another_tells_all),
		TEST(the_first_lock_that_is_seen_is_the_main_interpreters),
		TEST(an_extension_that_changed_a_type_begins_a_generation),
		TEST(a_version_of_two_interpreters_knows_the_changes_of_both),
		TEST(however_many_interpreters_there_are_no_change_is_lost),
		TEST(the_sequence_is_odd_while_an_entry_is_filled_and_new_when_it_is),
		TEST(an_entry_that_is_not_filled_after_all_is_as_it_was),
		TEST(where_orders_are_told_as_written_cpythons_own_functions_run),
		TEST(the_probe_finds_its_entry_whatever_else_is_in_the_cache),
		TEST(the_probe_says_no_where_no_entry_is_as_it_should_be),
		TEST(a_name_of_another_thread_is_given_back_in_silence),
		TEST(the_last_reference_to_a_name_is_kept),
		TEST(a_name_of_this_thread_and_one_that_lives_for_ever_are_left_alone),
	};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
