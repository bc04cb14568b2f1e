/* borrowed.c - what is a use of a borrowed reference, and when it is borrowed no more. */
#undef _GNU_SOURCE /* borrowed.c defines it */
#include "interpose/memory/borrowed.c"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <sys/mman.h>

#include <cmocka.h>

/* ---- what it is seen through ---- */

#define PYTHON 0x100000ull /* the interpreter's code: from here on, */
#define GETTER (PYTHON + 0x1000)
#define EXTENSION 0x900000ull
enum { CODE = 0x10000, GETTER_SIZE = 64 };

static _Alignas(16) uint64_t object[8], other[8], type[64];
static int64_t references = 1;
static uint64_t api; /* the interpreter's function that the extension has called last */
static void *was_read, *was_written;
static unsigned reads, writes;
HIDDEN bool marks_live = true;
struct fts_layout python_at = { .type_basicsize = 48 };

uint64_t python_pc(uint64_t native)
{
	return native;
}

bool made_covers(uint64_t address)
{
	(void)address;
	return true;
}

bool made_find(uint64_t start, struct made *made)
{
	(void)start;
	*made = (struct made){ 0 };
	return true;
}

int64_t counts_references(uint64_t start)
{
	(void)start;
	return references;
}

bool object_peek(uint64_t address, void *out, uint64_t length)
{
	memcpy(out, (const void *)address, length);
	return true;
}

bool object_type_name(uint64_t at, char *name, uint64_t room)
{
	(void)at;
	strncpy(name, "dict", room);
	return true;
}

static void read_word(void *address, void *pc)
{
	(void)pc;
	was_read = address;
	reads++;
}

static void write_word(void *address, void *pc)
{
	(void)pc;
	was_written = address;
	writes++;
}

static void getter(void) {}

void *symbol_next(const char *symbol)
{
	return !strcmp(symbol, "__tsan_read8_pc")    ? (void *)read_word
	       : !strcmp(symbol, "__tsan_write8_pc") ? (void *)write_word
	       : !strcmp(symbol, "PyObject_GetItem") ? (void *)getter
						     : NULL;
}

/* Frames of the stack, as numbers: the higher, the further out. */
enum { INNER = 100, BORROWER = 200, LIMIT = 300, CALLER = 400 };

unsigned walk_stack(const void *hook, struct walked *out, unsigned room)
{
	(void)hook, (void)room;
	out[0] = (struct walked){ .pc = PYTHON + 8, .fp = INNER };
	out[1] = (struct walked){ .pc = api, .fp = INNER + 8 };
	out[2] = (struct walked){ .pc = EXTENSION, .fp = LIMIT };
	return 3;
}

/* ---- the promises ---- */

static void setup(void)
{
	static bool mapped;
	uint64_t page = (uint64_t)marks_shadow((uint64_t)words) & ~4095ull;
	if (!mapped) {
		void *at = mmap((void *)page, sizeof words * 2 + 8192, PROT_READ | PROT_WRITE,
				MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
		assert_ptr_equal(at, page);
		mapped = true;
		borrowed_start((struct borrowed_code){ PYTHON, CODE },
			       (struct borrowed_code){ 0, 0 });
		for (unsigned i = 0; i < GETTERS; i++)
			if (!strcmp(getters[i], "PyObject_GetItem"))
				getter_code[i] = (struct borrowed_code){ GETTER, GETTER_SIZE };
	}
	memset(entries, 0, sizeof entries);
	borrowed_count = reads = writes = 0;
	was_read = was_written = NULL;
	references = 1;
	api = PYTHON + 0x2000;
	object[OBJECT_TYPE / 8] = other[OBJECT_TYPE / 8] = (uint64_t)type;
	type[python_at.type_basicsize / 8] = 48;
}

static void borrow(const uint64_t *what)
{
	borrowed_note((uint64_t)what, other, "PyDict_GetItem", LIMIT);
}

static void read_at(uint64_t address, uintptr_t place, unsigned frame)
{
	borrowed_read(address, place, (const void *)(uint64_t)frame);
}

static void take(uintptr_t place, unsigned frame)
{
	borrowed_taken((uint64_t)object, place, (const void *)(uint64_t)frame);
}

static void a_use_and_the_end_are_told_of_one_word(void **state)
{
	struct borrowed found;
	(void)state;
	setup();
	borrow(object);
	read_at((uint64_t)object + 40, EXTENSION, BORROWER);
	assert_int_equal(reads, 1);
	borrowed_ends((uint64_t)object, PYTHON);
	assert_int_equal(writes, 1);
	assert_ptr_equal(was_read, was_written);
	assert_true(borrowed_find((uint64_t)was_read, &found));
	assert_int_equal(found.object, (uint64_t)object);
	assert_string_equal(found.by, "PyDict_GetItem");
	assert_string_equal(found.container, "dict");
	assert_false(borrowed_find((uint64_t)object, &found));
	/* Used by then: told still. It ends once. */
	read_at((uint64_t)object + 24, EXTENSION, BORROWER);
	borrowed_ends((uint64_t)object, PYTHON);
	assert_int_equal(reads, 2);
	assert_int_equal(writes, 1);
}

static void what_has_other_references_is_not_borrowed(void **state)
{
	(void)state;
	setup();
	references = 2;
	borrow(object);
	assert_int_equal(borrowed_count, 0);
	assert_false(borrowed_any);
	borrowed_ends((uint64_t)object, PYTHON);
	assert_int_equal(writes, 0);
}

static void what_lies_beside_it_is_not_used(void **state)
{
	(void)state;
	setup();
	borrow(object);
	read_at((uint64_t)object + 48, EXTENSION, BORROWER);
	read_at((uint64_t)object - 8, EXTENSION, BORROWER);
	assert_int_equal(reads, 0);
}

static void who_takes_a_reference_borrows_no_more(void **state)
{
	(void)state;
	setup();
	borrow(object);
	take(EXTENSION, BORROWER);
	assert_int_equal(reads, 1);
	assert_int_equal(borrowed_count, 0);
	/* A function of the C API that takes one is a use like any other. */
	borrow(object);
	take(PYTHON + 8, INNER);
	assert_int_equal(reads, 2);
}

static void what_is_got_again_is_not_used(void **state)
{
	(void)state;
	setup();
	borrow(object);
	api = GETTER + 8;
	take(PYTHON + 8, INNER);
	assert_int_equal(reads, 0);
	assert_int_equal(borrowed_count, 0);
	borrow(object);
	read_at((uint64_t)object + 24, PYTHON + 8, INNER);
	assert_int_equal(reads, 0);
	assert_int_equal(borrowed_count, 0);
}

static void a_function_that_has_returned_borrows_no_more(void **state)
{
	(void)state;
	setup();
	borrow(object);
	read_at((uint64_t)other, EXTENSION, CALLER);
	assert_int_equal(borrowed_count, 0);
	borrow(object);
	read_at((uint64_t)object + 24, EXTENSION, LIMIT);
	assert_int_equal(reads, 0);
	borrow(object);
	borrowed_python_begins();
	read_at((uint64_t)object + 24, EXTENSION, BORROWER);
	assert_int_equal(reads, 0);
}

static void another_object_begins_anew(void **state)
{
	(void)state;
	setup();
	borrow(object);
	borrowed_renewed((uint64_t)object);
	read_at((uint64_t)object + 24, EXTENSION, BORROWER);
	borrowed_ends((uint64_t)object, PYTHON);
	assert_int_equal(reads + writes, 0);
	borrow(object);
	read_at((uint64_t)object + 24, EXTENSION, BORROWER);
	uint32_t *shadow = marks_shadow((uint64_t)was_read);
	*shadow = 1;
	borrowed_ends((uint64_t)object, PYTHON);
	borrow(object);
	assert_int_equal(*shadow, 0);
}

static void the_last_four_are_remembered(void **state)
{
	static _Alignas(16) uint64_t many[BORROWS + 1][8];
	(void)state;
	setup();
	for (unsigned i = 0; i <= BORROWS; i++) {
		many[i][OBJECT_TYPE / 8] = (uint64_t)type;
		borrow(many[i]);
		borrow(many[i]);
	}
	assert_int_equal(borrowed_count, BORROWS);
	for (unsigned i = 0; i <= BORROWS; i++)
		read_at((uint64_t)many[i] + 24, EXTENSION, BORROWER);
	assert_int_equal(reads, BORROWS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_has_other_references_is_not_borrowed),
		cmocka_unit_test(a_use_and_the_end_are_told_of_one_word),
		cmocka_unit_test(what_lies_beside_it_is_not_used),
		cmocka_unit_test(who_takes_a_reference_borrows_no_more),
		cmocka_unit_test(what_is_got_again_is_not_used),
		cmocka_unit_test(a_function_that_has_returned_borrows_no_more),
		cmocka_unit_test(another_object_begins_anew),
		cmocka_unit_test(the_last_four_are_remembered),
	};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
