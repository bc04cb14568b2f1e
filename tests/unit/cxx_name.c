/* cxx_name.c - what is left of a demangled name for people. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include "runner/model/cxx_name.h"

#include <cmocka.h>

static void check(const char *name, const char *wanted)
{
	char *got = cxx_short_name(name);
	assert_string_equal(got, wanted);
	free(got);
}

static void arguments_and_returned_types_are_cut(void **state)
{
	(void)state;
	check("pool::put(int)", "pool::put");
	check("pool::Map<int, std::vector<char>>::put(long, char const*) const", "pool::Map::put");
	check("void pool::fill<long, (Kind)2>(pool::Map<long>&)", "pool::fill");
	check("unsigned long count<int>(int)", "count");
	check("decltype(auto) kind<int>(int)", "kind");
	check("std::enable_if<(4 > 3), int>::type pick<int>()", "pick");
	check("call<void (*)(int)>(void (*)(int))", "call");
	check("std::__cxx11::basic_string<char>::assign[abi:cxx11](char const*)",
	      "std::__cxx11::basic_string::assign");
	check("pool::put(int) [clone .cold]", "pool::put");
	check("pool::count (.llvm.123)", "pool::count");
}

static void names_with_brackets_of_their_own_stay(void **state)
{
	(void)state;
	check("(anonymous namespace)::put(int)", "(anonymous namespace)::put");
	check("pool::(anonymous namespace)::Map<int>::put(int)",
	      "pool::(anonymous namespace)::Map::put");
	check("put(int)::'lambda'(char)::operator()(char) const", "put::'lambda'::operator()");
	check("Map<int>::operator[](int)", "Map::operator[]");
	check("bool operator<< <int>(Map<int> const&)", "operator<<");
	check("bool pool::operator==(Map<int> const&)", "pool::operator==");
	check("Map<int>::operator->() const", "Map::operator->");
	check("operator new(unsigned long)", "operator new");
	check("Map<int>::operator bool() const", "Map::operator bool");
	check("my_operator(int)", "my_operator");
	check("Map<int>::~Map()", "Map::~Map");
}

static void rust_paths_stay_without_their_arguments(void **state)
{
	(void)state;
	check("<alloc::vec::Vec<u8> as core::ops::Drop>::drop",
	      "<alloc::vec::Vec as core::ops::Drop>::drop");
	check("core::ptr::drop_in_place::<alloc::vec::Vec<u8>>", "core::ptr::drop_in_place");
	check("mine::{impl#3}::put", "mine::{impl#3}::put");
}

static void what_is_no_such_name_is_left_whole(void **state)
{
	(void)state;
	check("list_append", "list_append");
	check("half<int", "half<int");
	check("", "");
}

static void names_of_frames_are_short_where_they_have_arguments(void **state)
{
	(void)state;
	struct frame frame = { .language = FRAME_PYTHON,
			       .function = (char *)"f.<locals>.<lambda>" };
	char *name = frame_name(&frame);
	assert_string_equal(name, "f.<locals>.<lambda>");
	free(name);
	frame = (struct frame){ .language = FRAME_CYTHON,
				.function = (char *)"FrozenList.pop(__pyx_obj_FrozenList*, int)" };
	name = frame_name(&frame);
	assert_string_equal(name, "FrozenList.pop");
	free(name);
	frame = (struct frame){ .language = FRAME_CXX, .function = (char *)"f<int>(int)" };
	name = frame_name(&frame);
	assert_string_equal(name, "f");
	free(name);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(arguments_and_returned_types_are_cut),
		cmocka_unit_test(names_with_brackets_of_their_own_stay),
		cmocka_unit_test(rust_paths_stay_without_their_arguments),
		cmocka_unit_test(what_is_no_such_name_is_left_whole),
		cmocka_unit_test(names_of_frames_are_short_where_they_have_arguments),
	};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
