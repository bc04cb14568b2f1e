/* operations.c - a frame is known for the method of the type that it is. */
#include "tests/unit/fixtures/records.h"

#include "runner/symbols/operations.h"

#define BIAS 0x40000000ull

static struct object object;
static struct symbolizer *symbols;
static struct tables tables;

static void no_note(void *context, const char *text)
{
	(void)context, (void)text;
}

static int set_up(void **state)
{
	(void)state;
	struct symbolizer_options options = { .note = no_note };
	if (object_build(&object))
		return -1;
	symbols = symbolizer_open(&options);
	struct range range = { BIAS, BIAS + 0x100000, BIAS, 0 };
	range.module = symbolizer_module(symbols, object.path, strlen(object.path), NULL, 0);
	tables_module(&tables, 0, range);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	tables_free(&tables);
	symbolizer_close(symbols);
	object_remove(&object);
	return 0;
}

static void take(struct operations *operations, const char *type, const char *names,
		 const uint64_t *functions, uint32_t count, uint32_t told)
{
	struct buf payload = { 0 };
	struct fts_operations head = { told, (uint32_t)strlen(type) };
	buf_add(&payload, &head, sizeof head);
	buf_add(&payload, functions, count * sizeof *functions);
	buf_puts(&payload, type);
	buf_puts(&payload, names);
	operations_take(operations, &tables, 0, (const uint8_t *)payload.data, payload.length);
	buf_free(&payload);
}

static struct frame frame_of(const char *function)
{
	return (struct frame){ .language = FRAME_C,
			       .function = (char *)function,
			       .module = (char *)"generator.so" };
}

static struct type_operation find(struct operations *operations, const char *function)
{
	struct frame frame = frame_of(function);
	return operations_find(operations, &frame);
}

static void a_function_is_the_operation_of_its_type(void **state)
{
	(void)state;
	struct operations *operations = operations_new(symbols);
	uint64_t functions[] = { object_pc(&object, IN_SEED, BIAS),
				 object_pc(&object, IN_REFCOUNT, BIAS) };
	assert_null(find(operations, "seed_number").type);
	take(operations, "m.Box", "\nseed\n__len__", functions, 2, 2);
	struct type_operation seed = find(operations, "seed_number");
	assert_string_equal(seed.type, "m.Box");
	assert_string_equal(seed.name, "seed");
	/* What is inlined into a function stands for nothing. */
	assert_string_equal(find(operations, "plain_function").name, "__len__");
	assert_null(find(operations, "Py_INCREF").type);
	assert_null(find(operations, "other").type);
	operations_free(operations);
}

static void a_function_of_two_types_is_none_s(void **state)
{
	(void)state;
	struct operations *operations = operations_new(symbols);
	uint64_t function = object_pc(&object, IN_SEED, BIAS);
	take(operations, "m.Box", "\nseed\nagain", (uint64_t[]){ function, function }, 2, 2);
	assert_string_equal(find(operations, "seed_number").name, "seed");
	take(operations, "m.Bag", "\nseed", &function, 1, 1);
	assert_null(find(operations, "seed_number").type);
	operations_free(operations);
}

static void what_breaks_the_wire_format_is_left_out(void **state)
{
	(void)state;
	struct operations *operations = operations_new(symbols);
	uint64_t function = object_pc(&object, IN_SEED, BIAS);
	take(operations, "m.Box", "\nseed", &function, 1, 1000);
	take(operations, "m.Box", "seed", &function, 1, 1);
	take(operations, "m.Box", "", &function, 1, 1);
	operations_take(operations, &tables, 0, (const uint8_t *)"", 0);
	assert_null(find(operations, "seed_number").type);
	operations_free(operations);
}

/* A method that calls another one; what Python code called before that is another call. */
static void the_innermost_one_counts(void **state)
{
	(void)state;
	struct operations *operations = operations_new(symbols);
	uint64_t functions[] = { object_pc(&object, IN_SEED, BIAS),
				 object_pc(&object, IN_PLAIN, BIAS) };
	take(operations, "m.Box", "\nseed\nplain", functions, 2, 2);
	struct frame frames[] = { frame_of("helper"),
				  frame_of("seed_number"),
				  frame_of("plain_function"),
				  { .language = FRAME_PYTHON },
				  frame_of("seed_number") };
	struct stack stack = { frames, 5 };
	assert_string_equal(operations_in(operations, &stack).name, "seed");
	/* What it has called stands for itself. */
	frames[1] = frame_of("cfunction_vectorcall_NOARGS");
	frames[1].module = (char *)"python3.14t";
	assert_null(operations_in(operations, &stack).name);
	frames[1] = frames[2] = frame_of("helper");
	assert_null(operations_in(operations, &stack).name);
	operations_free(operations);
}

static void a_comparison_of_texts_is_part_of_what_needs_it(void **state)
{
	(void)state;
	struct operations *operations = operations_new(symbols);
	uint64_t seed = object_pc(&object, IN_SEED, BIAS);
	uint64_t plain = object_pc(&object, IN_PLAIN, BIAS);
	take(operations, "str", "\ncomparison", &seed, 1, 1);
	take(operations, "m.Box", "\nplain", &plain, 1, 1);
	struct frame frames[] = { frame_of("seed_number"), frame_of("plain_function") };
	struct stack stack = { frames, 2 };
	assert_string_equal(operations_in(operations, &stack).name, "plain");
	operations_free(operations);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_function_is_the_operation_of_its_type),
		cmocka_unit_test(a_function_of_two_types_is_none_s),
		cmocka_unit_test(what_breaks_the_wire_format_is_left_out),
		cmocka_unit_test(the_innermost_one_counts),
		cmocka_unit_test(a_comparison_of_texts_is_part_of_what_needs_it),
	};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
