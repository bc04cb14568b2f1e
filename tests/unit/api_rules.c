/* api_rules.c - which call of the C API a race goes through, and what CPython asks of that call. */
#include "runner/model/api_rules.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { DEPTH = 4 };

static struct frame frame(const char *function, const char *module, bool in_line)
{
	return (struct frame){ .language = module ? FRAME_C : FRAME_PYTHON,
			       .function = (char *)(uintptr_t)function,
			       .module = (char *)(uintptr_t)module,
			       .file = (char *)(uintptr_t)"src/pkg.c",
			       .is_inline = in_line };
}

static char *rule_text(const struct api_rule *rule)
{
	struct buf out = { 0 };
	buf_puts(&out, "");
	if (rule)
		api_rule_add(&out, rule);
	return buf_take(&out);
}

static void assert_called(const struct frame *frames, size_t count, const char *expected)
{
	struct stack stack = { .frames = (struct frame *)(uintptr_t)frames, .count = count };
	const struct api_rule *rule = api_rule_called(&stack);
	char *text = rule_text(rule);
	if (expected)
		assert_non_null(strstr(text, expected));
	else
		assert_null(rule);
	free(text);
}

static void the_call_of_an_extension_is_what_counts(void **state)
{
	(void)state;
	const struct frame by_extension[DEPTH] = {
		frame("_PyDict_Next", "libpython3.14t.so.1.0", true),
		frame("PyDict_Next", "libpython3.14t.so.1.0", false),
		frame("add_values", "_pkg.so", false),
		frame("stress", NULL, false),
	};
	assert_called(by_extension, DEPTH, "PyDict_Next takes no lock. On a dict that other");
	const struct frame through_observer[DEPTH] = {
		frame("PyDict_Next", "libpython3.14t.so.1.0", false),
		frame("PyDict_Next", "libftstress.so", false),
		frame("add_values", "_pkg.so", false),
		frame("stress", NULL, false),
	};
	assert_called(through_observer, DEPTH, "Py_BEGIN_CRITICAL_SECTION");
	const struct frame inside[DEPTH] = {
		frame("PyDict_Next", "libpython3.14t.so.1.0", false),
		frame("dict_merge", "libpython3.14t.so.1.0", false),
		frame("PyDict_Update", "libpython3.14t.so.1.0", false),
		frame("fill", "_pkg.so", false),
	};
	assert_called(inside, DEPTH, NULL);
	const struct frame of_python[2] = {
		frame("PyDict_Next", "libpython3.14t.so.1.0", false),
		frame("stress", NULL, false),
	};
	assert_called(of_python, 2, NULL);
	assert_called(by_extension + 2, 2, NULL);
	assert_called(by_extension, 0, NULL);
}

static void what_does_without_is_named(void **state)
{
	(void)state;
	const struct frame frames[2] = {
		frame("PyList_GetItem", "libpython3.14t.so.1.0", false),
		frame("look", "_pkg.so", false),
	};
	assert_called(frames, 2, "; PyList_GetItemRef does without.");
	assert_string_equal(api_rule_instead("PyList_GetItem"), "PyList_GetItemRef");
	assert_null(api_rule_instead("PyDict_Next"));
	assert_null(api_rule_instead("PyObject_GetAttr"));
}

static void a_macro_is_known_by_its_name_in_the_line(void **state)
{
	static const char line[] = "\treturn PyLong_AsLong(PyList_GET_ITEM(list, index));";
	static const char longer[] = "MyPyList_GET_ITEM(list, 0); PyList_GET_ITEMS(list);";
	(void)state;
	char *text = rule_text(api_rule_in_line(line, sizeof line - 1));
	assert_non_null(strstr(text, "PyList_GET_ITEM takes no lock. On a list"));
	free(text);
	assert_null(api_rule_in_line(longer, sizeof longer - 1));
	text = rule_text(api_rule_in_line("PyList_SET_ITEM(l, 0, o)", 24));
	assert_non_null(
		strstr(text, "for a new list that no other thread has yet; PyList_SetItem"));
	free(text);
}

static void a_macros_frame_is_the_extensions_own(void **state)
{
	(void)state;
	struct frame frames[2] = {
		frame("PyList_SET_ITEM", "_pkg.so", true),
		frame("put", "_pkg.so", false),
	};
	frames[0].file = (char *)(uintptr_t)"/opt/include/python3.14t/cpython/listobject.h";
	struct stack stack = { frames, 2 };
	assert_ptr_equal(api_rule_macro_frame(&stack), &frames[1]);
	frames[0] = frame("list_ass_item", "libpython3.14t.so.1.0", false);
	assert_null(api_rule_macro_frame(&stack));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_call_of_an_extension_is_what_counts),
		cmocka_unit_test(what_does_without_is_named),
		cmocka_unit_test(a_macro_is_known_by_its_name_in_the_line),
		cmocka_unit_test(a_macros_frame_is_the_extensions_own),
	};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
