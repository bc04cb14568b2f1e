/* held.c - of which objects it is told that more of them is held than is counted. */
#include "interpose/memory/held.c"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

struct fts_layout python_at;
bool counts_on = true;

/* An object: its header, and what it holds. */
struct thing {
	_Alignas(32) uint8_t head[OBJECT_BODY];
	struct thing *holds[4];
	int64_t counted;
};
struct type {
	uint64_t traverse;
	const char *name;
};

static struct thing list, dict, running, item;
static struct thing *const everything[] = { &list, &dict, &running };
static unsigned ignoring, asked;
static bool is_freed, is_noted = true;
static char act[TEXT];
static unsigned reports;

static int traverse(void *holder, visit visit, void *context)
{
	struct thing *thing = holder;
	assert_int_equal(ignoring,
			 2); /* neither the reads nor the locks are ThreadSanitizer's to know */
	asked++;
	for (unsigned i = 0; i < 4; i++)
		if (thing->holds[i])
			visit(thing->holds[i], context);
	return 0;
}

static int traverse_generator(void *holder, visit visit, void *context)
{
	return traverse(holder, visit, context);
}

static struct type list_type = { 0, "list" }, dict_type = { 0, "dict" }, generator_type;

/* ---- what it is seen through ---- */

static void visit_everything(int (*look)(void *, void *), void *context)
{
	for (unsigned i = 0; i < sizeof everything / sizeof *everything; i++)
		assert_int_equal(look(everything[i], context), 1);
}

static void begin(void)
{
	ignoring++;
}

static void end(void)
{
	ignoring--;
}

static void sync_begin(const char *file, int line)
{
	(void)file, (void)line;
	ignoring++;
}

static void sync_end(const char *file, int line)
{
	(void)file, (void)line;
	ignoring--;
}

/* The interpreter's threads: PyThreadState.interp, .next; PyInterpreterState.threads.head */
static struct {
	void *interpreter, *next;
} thread;
static struct {
	void *first;
} interpreter = { &thread };

static const void *this_thread(void)
{
	return &thread;
}

void *symbol_next(const char *name)
{
	return !strcmp(name, "PyUnstable_GC_VisitObjects")   ? (void *)(uintptr_t)visit_everything
	       : !strcmp(name, "PyThreadState_GetUnchecked") ? (void *)(uintptr_t)this_thread
	       : !strcmp(name, "PyGen_Type")                 ? &generator_type
							     : &list_type;
}

void *symbol_need(const char *name)
{
	return !strcmp(name, "__tsan_ignore_thread_begin") ? (void *)(uintptr_t)begin
	       : !strcmp(name, "__tsan_ignore_thread_end") ? (void *)(uintptr_t)end
	       : !strcmp(name, "AnnotateIgnoreSyncBegin")  ? (void *)(uintptr_t)sync_begin
							   : (void *)(uintptr_t)sync_end;
}

static uint32_t item_word;

uint32_t *made_word(struct made_words *table, uint64_t start)
{
	(void)table;
	return start == (uint64_t)&item ? &item_word : NULL;
}

void made_each_word(const struct made_words *table, void (*look)(uint32_t, uint64_t, void *),
		    void *context)
{
	(void)table;
	if (item_word)
		look(item_word, (uint64_t)&item, context);
}

void made_words_clear(struct made_words *table)
{
	(void)table;
	item_word = 0;
}

bool made_is_whole(uint64_t start)
{
	(void)start;
	return is_noted && !is_freed;
}

bool made_is_freed(uint64_t start)
{
	(void)start;
	return is_freed;
}

bool made_find(uint64_t start, struct made *made)
{
	*made = (struct made){ .frames = { 4096, start }, .count = 2 };
	return true;
}

bool object_find(uint64_t address, struct object *object)
{
	*object = (struct object){ .start = address, .size = 64, .type = "bytes" };
	return true;
}

bool object_peek(uint64_t address, void *out, uint64_t length)
{
	memcpy(out, (const void *)address, length);
	return true;
}

bool object_type_name(uint64_t type, char *name, uint64_t room)
{
	strncpy(name, ((const struct type *)type)->name, room);
	return true;
}

int64_t counts_references(uint64_t object)
{
	return ((const struct thing *)object)->counted;
}

void misuse_tell_made(const struct misuse *misuse, const struct made *made)
{
	assert_string_equal(misuse->type, "reference-count-held");
	assert_int_equal(misuse->object, (uint64_t)&item);
	assert_int_equal(made->count, 1);
	assert_int_equal(made->frames[0], (uint64_t)&item); /* the line of Python */
	strncpy(act, misuse->act, sizeof act - 1);
	reports++;
}

/* ---- the promises ---- */

static void set_type(struct thing *thing, struct type *type)
{
	memcpy(thing->head + OBJECT_TYPE, &type, sizeof type);
}

static int set_up(void **state)
{
	const char *why = NULL;
	(void)state;
	list_type.traverse = dict_type.traverse = (uint64_t)traverse;
	generator_type.traverse = (uint64_t)traverse_generator;
	list = dict = running = item = (struct thing){ 0 };
	set_type(&list, &list_type);
	set_type(&dict, &dict_type);
	set_type(&running, &generator_type);
	python_at = (struct fts_layout){ .tstate_next = 8 };
	thread.interpreter = &interpreter;
	thread.next = NULL;
	is_freed = false;
	is_noted = true;
	told_count = reports = asked = 0;
	assert_true(start(&why));
	not_asked[1] = 0; /* the fake has one type for all that are no generators */
	list.holds[0] = list.holds[1] = dict.holds[0] = &item;
	item.counted = 3;
	return 0;
}

static void what_is_held_as_often_as_it_is_counted_is_right(void **state)
{
	(void)state;
	assert_int_equal(ftstress_held_look(1), 0);
	assert_int_equal(asked, 2);
	item.counted = 5; /* C code has two more */
	assert_int_equal(ftstress_held_look(1), 0);
	item.counted = INT64_MAX; /* immortal */
	assert_int_equal(ftstress_held_look(1), 0);
	assert_int_equal(ignoring, 0);
}

static void what_is_held_more_often_is_told_once(void **state)
{
	(void)state;
	item.counted = 2;
	assert_int_equal(ftstress_held_look(1), 1);
	assert_string_equal(
		act, "makes it; it is held 3 times (list, dict), and 2 references are counted");
	assert_int_equal(ftstress_held_look(1), 0);
	assert_int_equal(reports, 1);
}

static void of_several_tests_it_is_said_that_the_last_one_need_not_be_it(void **state)
{
	(void)state;
	item.counted = 1;
	assert_int_equal(ftstress_held_look(12), 1);
	assert_non_null(strstr(act, "and 1 reference is counted; seen when 12 tests had run"));
}

static void what_is_gone_and_still_held_is_told(void **state)
{
	(void)state;
	item.counted = 0;
	is_freed = true;
	assert_int_equal(ftstress_held_look(1), 1);
	assert_non_null(strstr(act, "and no references are counted"));
}

static void what_was_not_seen_to_be_made_is_not_told(void **state)
{
	(void)state;
	item.counted = 2;
	is_noted = false;
	assert_int_equal(ftstress_held_look(1), 0);
}

/* What they hold they need not have counted. */
static void generators_are_not_asked(void **state)
{
	(void)state;
	running.holds[0] = &item;
	assert_int_equal(ftstress_held_look(1), 0);
	assert_int_equal(asked, 2);
}

static void with_another_thread_nothing_is_looked_at(void **state)
{
	(void)state;
	item.counted = 2;
	thread.next = &thread;
	assert_int_equal(ftstress_held_look(1), 0);
	assert_false(held_begin());
	assert_int_equal(asked, 0);
}

static void how_often_something_is_held_is_known_meanwhile(void **state)
{
	(void)state;
	assert_true(held_begin());
	assert_int_equal(held_of((uint64_t)&item), 3);
	assert_int_equal(held_of((uint64_t)&list), 0);
	held_end();
	assert_int_equal(held_of((uint64_t)&item), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(what_is_held_as_often_as_it_is_counted_is_right, set_up),
		cmocka_unit_test_setup(what_is_held_more_often_is_told_once, set_up),
		cmocka_unit_test_setup(of_several_tests_it_is_said_that_the_last_one_need_not_be_it,
				       set_up),
		cmocka_unit_test_setup(what_is_gone_and_still_held_is_told, set_up),
		cmocka_unit_test_setup(what_was_not_seen_to_be_made_is_not_told, set_up),
		cmocka_unit_test_setup(generators_are_not_asked, set_up),
		cmocka_unit_test_setup(with_another_thread_nothing_is_looked_at, set_up),
		cmocka_unit_test_setup(how_often_something_is_held_is_known_meanwhile, set_up),
	};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
