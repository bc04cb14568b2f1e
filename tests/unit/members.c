/* members.c - names of fields, from the debug information of this program itself. */
#include <link.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "runner/symbols/members.h"

#include <cmocka.h>

/* As CPython's: the structure of PyObject has this name. */
struct _object {
	uintptr_t tid;
	uint32_t local;
	intptr_t shared;
	void *type;
};

struct variable_size {
	struct _object ob_base;
	intptr_t ob_size;
};

struct pair {
	int first, second;
};

struct boxed {
	struct variable_size ob_base;
	char *items;
	struct pair state;
	char flag;
	int counts[4];
	union {
		int whole;
		char parts[4];
	};
	struct pair cells[];
};

struct other {
	struct _object ob_base;
	void *next, *last;
};

struct derived {
	struct other __pyx_base;
	int own;
};

/* As a generator, whose last member is a frame, and its last the frame's variables. */
typedef struct {
	struct _object ob_base;
	char state;
	struct {
		void *code;
		void *localsplus[1];
	} frame;
} Running;
static const Running running;

struct no_object {
	struct pair pair;
	void *items;
};

static uintptr_t bias;

static int take_bias(struct dl_phdr_info *info, size_t size, void *arg)
{
	(void)size;
	(void)arg;
	bias = info->dlpi_addr;
	return 1; /* the first is the program */
}

/* The ELF address of the call in the caller. */
static __attribute__((noinline)) uint64_t here(const void *object)
{
	__asm__ volatile("" : : "r"(object) : "memory");
	return (uintptr_t)__builtin_return_address(0) - 1 - bias;
}

static __attribute__((noinline)) uint64_t in_boxed(const struct boxed *self)
{
	uint64_t at = here(self);
	__asm__ volatile("" : : "r"(self)); /* so that the call is no jump */
	return at;
}

static __attribute__((noinline)) uint64_t in_derived(const struct derived *self)
{
	uint64_t at = here(self);
	__asm__ volatile("" : : "r"(self));
	return at;
}

static __attribute__((noinline)) uint64_t in_two(const struct boxed *self, const struct other *next)
{
	uint64_t at = here(self);
	__asm__ volatile("" : : "r"(self), "r"(next));
	return at;
}

static __attribute__((noinline)) uint64_t in_none(const struct no_object *self)
{
	uint64_t at = here(self);
	__asm__ volatile("" : : "r"(self));
	return at;
}

static inline __attribute__((always_inline)) uint64_t inlined(const struct variable_size *ob)
{
	uint64_t at = here(ob);
	__asm__ volatile("" : : "r"(ob));
	return at;
}

static __attribute__((noinline)) uint64_t in_caller(const struct boxed *self)
{
	uint64_t at = inlined(&self->ob_base);
	__asm__ volatile("" : : "r"(self));
	return at;
}

static struct members *opened;

static void check(uint64_t address, size_t offset, const char *wanted)
{
	char *name = members_name(opened, address, offset);
	if (wanted)
		assert_string_equal(name ? name : "(none)", wanted);
	else
		assert_string_equal(name ? name : "(none)", "(none)");
	free(name);
}

static const struct boxed box = { .flag = 1 };
static const struct other other;
static const struct derived derived;

static void what_a_class_of_cython_is_derived_from_is_no_part_of_the_way(void **state)
{
	(void)state;
	uint64_t at = in_derived(&derived);
	check(at, offsetof(struct derived, __pyx_base.next), "next");
	check(at, offsetof(struct _object, type), "type");
	check(at, offsetof(struct derived, own), "own");
}

static void a_field_has_its_name_and_the_way_to_it(void **state)
{
	(void)state;
	uint64_t at = in_boxed(&box);
	check(at, offsetof(struct _object, local), "local");
	check(at, offsetof(struct _object, type), "type");
	check(at, offsetof(struct variable_size, ob_size), "ob_size");
	check(at, offsetof(struct boxed, items), "items");
	check(at, offsetof(struct boxed, items) + 3, "items");
	check(at, offsetof(struct boxed, state.second), "state.second");
	check(at, offsetof(struct boxed, flag), "flag");
}

static void elements_of_an_array_are_one_field(void **state)
{
	(void)state;
	uint64_t at = in_boxed(&box);
	check(at, offsetof(struct boxed, counts), "counts[]");
	check(at, offsetof(struct boxed, counts[3]), "counts[]");
	check(at, offsetof(struct boxed, cells), "cells[].first");
	check(at, offsetof(struct boxed, cells) + 812, "cells[].second");
}

static void a_structure_is_known_by_its_name_or_a_typedef(void **state)
{
	(void)state;
	char *name = members_name_in(opened, "boxed", offsetof(struct boxed, cells) + 12);
	assert_string_equal(name, "cells[].second");
	free(name);
	name = members_name_in(opened, "Running", offsetof(Running, state));
	assert_string_equal(name, "state");
	free(name);
	for (unsigned i = 0; i < 3; i++) { /* what is behind the last member is its own */
		name = members_name_in(opened, "Running",
				       offsetof(Running, frame.localsplus) + i * sizeof(void *));
		assert_string_equal(name, "frame.localsplus[]");
		free(name);
	}
	assert_null(members_name_in(opened, "Running", offsetof(Running, state) + 1));
	assert_null(members_name_in(opened, "Unheard", offsetof(Running, state)));
	assert_int_equal(running.state, 0);
}

static void what_lies_between_or_has_two_names_has_none(void **state)
{
	(void)state;
	uint64_t at = in_boxed(&box);
	check(at, offsetof(struct boxed, flag) + 1, NULL);
	check(at, offsetof(struct _object, local) + 4, NULL);
	check(at, offsetof(struct boxed, whole), NULL);
}

static void variables_that_differ_give_no_name(void **state)
{
	(void)state;
	uint64_t at = in_two(&box, &other);
	check(at, offsetof(struct _object, shared), "shared");
	check(at, offsetof(struct other, next), NULL);
	/* Only one of them is that long. */
	check(at, offsetof(struct boxed, counts), "counts[]");
}

static void the_function_around_an_inlined_one_is_asked_too(void **state)
{
	(void)state;
	uint64_t at = in_caller(&box);
	check(at, offsetof(struct variable_size, ob_size), "ob_size");
	check(at, offsetof(struct boxed, items), "items");
}

static void structures_that_are_no_objects_are_not_asked(void **state)
{
	static const struct no_object plain;
	(void)state;
	check(in_none(&plain), offsetof(struct no_object, items), NULL);
}

static void where_nothing_is_known_there_is_no_name(void **state)
{
	(void)state;
	check(1, 24, NULL);
	assert_null(members_open("/nonexistent"));
	struct members *text = members_open("/etc/passwd");
	assert_null(text);
	members_close(NULL);
}

static int open_self(void **state)
{
	(void)state;
	dl_iterate_phdr(take_bias, NULL);
	opened = members_open("/proc/self/exe");
	return opened ? 0 : -1;
}

static int close_self(void **state)
{
	(void)state;
	members_close(opened);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_field_has_its_name_and_the_way_to_it),
		cmocka_unit_test(what_a_class_of_cython_is_derived_from_is_no_part_of_the_way),
		cmocka_unit_test(elements_of_an_array_are_one_field),
		cmocka_unit_test(a_structure_is_known_by_its_name_or_a_typedef),
		cmocka_unit_test(what_lies_between_or_has_two_names_has_none),
		cmocka_unit_test(variables_that_differ_give_no_name),
		cmocka_unit_test(the_function_around_an_inlined_one_is_asked_too),
		cmocka_unit_test(structures_that_are_no_objects_are_not_asked),
		cmocka_unit_test(where_nothing_is_known_there_is_no_name),
	};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, open_self, close_self);
}
