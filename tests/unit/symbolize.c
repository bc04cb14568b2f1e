/* symbolize.c - positions become frames, whatever the symbolizer does. */
#include "tests/unit/fixtures/records.h"

#include <stdio.h>
#include <sys/stat.h>

#include "runner/symbols/symbolize.h"

static struct object object;

/* Notes that came, one a line. */
static void take_note(void *context, const char *text)
{
	buf_printf(context, "%s\n", text);
}

static struct symbolizer *open_with(const char *path, struct buf *notes)
{
	struct symbolizer_options options = { .path = path,
					      .note = take_note,
					      .note_context = notes };
	return symbolizer_open(&options);
}

static uint32_t module_of(struct symbolizer *s, const char *path)
{
	return symbolizer_module(s, path, strlen(path), NULL, 0);
}

static position mark(struct symbolizer *s, unsigned number)
{
	return position_native(module_of(s, object.path), object.mark(number) - object.bias);
}

/* A stand-in for llvm-symbolizer that runs `body` in a shell; the path is to be removed. */
static char *script(const char *body)
{
	char *path = xprintf("%s/symbolizer-%d", object.folder, rand());
	FILE *file = fopen(path, "w");
	assert_non_null(file);
	fprintf(file, "#!/bin/sh\n%s\n", body);
	fclose(file);
	assert_int_equal(chmod(path, 0755), 0);
	return path;
}

static void script_remove(char *path)
{
	unlink(path);
	free(path);
}

#define ANSWER                                                                                     \
	"echo '{\"Symbol\":[{\"FunctionName\":\"answer\",\"FileName\":\"/a/b.c\",\"Line\":7}]}'"

static void real_code_has_function_file_and_line(void **state)
{
	(void)state;
	struct buf notes = { 0 };
	struct symbolizer *s = open_with(NULL, &notes);
	const struct stack *frames = symbolizer_frames(s, mark(s, IN_SEED));
	assert_int_equal(frames->count, 1);
	assert_string_equal(frames->frames[0].function, "seed_number");
	assert_true(frames->frames[0].line > 0);
	assert_null(notes.data);
	symbolizer_close(s);
}

/* How many requests a stand-in wrote into its log, which is removed. */
static unsigned requests_in(const char *log)
{
	char *asked = read_file(log, NULL);
	unsigned lines = 0;
	for (const char *at = asked; *at; at++)
		lines += *at == '\n';
	free(asked);
	unlink(log);
	return lines;
}

static void a_position_is_asked_for_once(void **state)
{
	(void)state;
	struct buf notes = { 0 };
	char *log = xprintf("%s/log", object.folder);
	char *body = xprintf("while read line; do echo \"$line\" >> %s; " ANSWER "; done", log);
	char *path = script(body);
	struct symbolizer *s = open_with(path, &notes);
	position twice[] = { mark(s, IN_SEED), mark(s, IN_SEED), mark(s, IN_PLAIN) };
	symbolizer_resolve(s, twice, 3);
	symbolizer_resolve(s, twice, 3);
	assert_string_equal(symbolizer_frames(s, twice[0])->frames[0].function, "answer");
	symbolizer_close(s);
	assert_int_equal(requests_in(log), 2);
	free(log);
	free(body);
	script_remove(path);
}

static void neither_end_of_the_pipe_fills_up(void **state)
{
	(void)state;
	struct buf notes = { 0 };
	enum { MANY = 20000 }; /* megabytes in both directions */
	struct symbolizer *s = open_with(NULL, &notes);
	position *all = xcalloc(MANY, sizeof *all);
	for (unsigned i = 0; i < MANY; i++)
		all[i] = position_native(module_of(s, object.path), i);
	symbolizer_resolve(s, all, MANY);
	for (unsigned i = 0; i < MANY; i += 1000)
		assert_true(symbolizer_frames(s, all[i])->count >= 1);
	assert_null(notes.data);
	free(all);
	symbolizer_close(s);
}

static void a_symbolizer_that_dies_is_started_again(void **state)
{
	(void)state;
	struct buf notes = { 0 };
	char *first = xprintf("%s/first", object.folder);
	char *body = xprintf("if mkdir %s 2>/dev/null; then read line; " ANSWER "; exit 1; fi\n"
			     "while read line; do " ANSWER "; done",
			     first);
	char *path = script(body);
	struct symbolizer *s = open_with(path, &notes);
	position all[] = { mark(s, IN_SEED), mark(s, IN_PLAIN), mark(s, IN_OTHER) };
	symbolizer_resolve(s, all, 3);
	for (unsigned i = 0; i < 3; i++)
		assert_string_equal(symbolizer_frames(s, all[i])->frames[0].function, "answer");
	assert_null(notes.data);
	symbolizer_close(s);
	rmdir(first);
	free(first);
	free(body);
	script_remove(path);
}

static void a_symbolizer_that_dies_twice_is_given_up_with_a_note(void **state)
{
	(void)state;
	struct buf notes = { 0 };
	char *path = script("read line; " ANSWER "; read line; exit 1");
	struct symbolizer *s = open_with(path, &notes);
	position all[] = { mark(s, IN_SEED), mark(s, IN_PLAIN), mark(s, IN_OTHER) };
	symbolizer_resolve(s, all, 3);
	assert_string_equal(symbolizer_frames(s, all[0])->frames[0].function, "answer");
	assert_string_equal(symbolizer_frames(s, all[1])->frames[0].function, "answer");
	assert_int_equal(symbolizer_frames(s, all[2])->frames[0].language, FRAME_UNKNOWN);
	assert_non_null(strstr(notes.data, "no more symbols"));
	symbolizer_frames(s, mark(s, IN_BY_ARRAY));
	assert_null(strstr(strstr(notes.data, "no more") + 1, "no more")); /* told once */
	buf_free(&notes);
	symbolizer_close(s);
	script_remove(path);
}

static void nonsense_from_the_symbolizer_is_no_symbol(void **state)
{
	(void)state;
	struct buf notes = { 0 };
	char *path = script("while read line; do echo 'not json'; done");
	struct symbolizer *s = open_with(path, &notes);
	assert_int_equal(symbolizer_frames(s, mark(s, IN_SEED))->frames[0].language, FRAME_UNKNOWN);
	symbolizer_close(s);
	script_remove(path);
}

static void a_helpers_frame_is_folded_like_plumbing(void **state)
{
	(void)state;
	struct buf notes = { 0 };
	char *path = script("while read line; do echo '{\"Symbol\":[{\"FunctionName\":"
			    "\"_Py_atomic_load_ssize_relaxed\",\"FileName\":\"/a/pyatomic_gcc.h\","
			    "\"Line\":3},{\"FunctionName\":\"dict_len\",\"FileName\":"
			    "\"/a/dictobject.c\",\"Line\":9}]}'; done");
	struct symbolizer *s = open_with(path, &notes);
	const struct stack *stack = symbolizer_frames(s, mark(s, IN_SEED));
	assert_int_equal(stack->count, 2);
	assert_true(stack->frames[0].plumbing);
	assert_false(stack->frames[1].plumbing);
	symbolizer_close(s);
	script_remove(path);
}

/* What the symbolizer is told of a frame, and the place that it gets. */
static void check_place(const char *told, const char *file, int line, bool near)
{
	struct buf notes = { 0 };
	char *body =
		xprintf("while read line; do echo '{\"Symbol\":[{\"FunctionName\":\"put\",%s}]}'; "
			"done",
			told);
	char *path = script(body);
	struct symbolizer *s = open_with(path, &notes);
	const struct frame *frame = symbolizer_frames(s, mark(s, IN_SEED))->frames;
	assert_string_equal(frame->file, file);
	assert_int_equal(frame->line, line);
	assert_int_equal(frame->near_line, near);
	symbolizer_close(s);
	script_remove(path);
	free(body);
}

static void merged_code_has_a_line_near_by_in_its_own_function(void **state)
{
	(void)state;
#define STARTS ",\"StartFileName\":\"/a/put.c\",\"StartLine\":30"
	check_place("\"FileName\":\"/a/put.c\",\"Line\":34" STARTS, "/a/put.c", 34, false);
	/* A macro or an inlined function may stand anywhere, if it is known. */
	check_place("\"FileName\":\"/a/put.h\",\"Line\":3" STARTS, "/a/put.h", 3, false);
	check_place("\"Approximate\":true,\"FileName\":\"/a/put.c\",\"Line\":33" STARTS, "/a/put.c",
		    33, true);
	/* The line before it is another function's. */
	check_place("\"Approximate\":true,\"FileName\":\"/a/put.c\",\"Line\":12" STARTS, "/a/put.c",
		    30, true);
	check_place("\"Approximate\":true,\"FileName\":\"/a/atomic.h\",\"Line\":63" STARTS,
		    "/a/put.c", 30, true);
	check_place("\"FileName\":\"/a/put.c\",\"Line\":0" STARTS, "/a/put.c", 30, true);
	check_place("\"FileName\":\"/a/put.c\",\"Line\":0", "/a/put.c", 0, false);
#undef STARTS
}

static void its_environment_is_not_that_of_the_program_under_test(void **state)
{
	(void)state;
	struct buf notes = { 0 };
	char *path = script("while read line; do echo \"{\\\"Symbol\\\":[{\\\"FunctionName\\\":"
			    "\\\"$TSAN_OPTIONS$LD_PRELOAD$PYTHONPATH.$FT_KEPT\\\"}]}\"; done");
	setenv("TSAN_OPTIONS", "bad", 1);
	setenv("PYTHONPATH", "bad", 1);
	setenv("FT_KEPT", "kept", 1);
	struct symbolizer *s = open_with(path, &notes);
	assert_string_equal(symbolizer_frames(s, mark(s, IN_SEED))->frames[0].function, ".kept");
	unsetenv("TSAN_OPTIONS");
	unsetenv("PYTHONPATH");
	symbolizer_close(s);
	script_remove(path);
}

static void a_strange_path_is_not_sent_to_the_symbolizer(void **state)
{
	(void)state;
	struct buf notes = { 0 };
	char *strange = xprintf("%s/a\n\"b.so", object.folder);
	FILE *file = fopen(strange, "w");
	assert_non_null(file);
	fclose(file);
	char *path = script("while read line; do " ANSWER "; done");
	struct symbolizer *s = open_with(path, &notes);
	position where = position_native(module_of(s, strange), 0x10);
	assert_string_equal(symbolizer_frames(s, where)->frames[0].function, "a\n\"b.so+0x10");
	symbolizer_close(s);
	script_remove(path);
	unlink(strange);
	free(strange);
}

static void cxx_names_are_for_people(void **state)
{
	struct buf notes = { 0 };
	char *source = xprintf("%s/x.cc", object.folder),
	     *library = xprintf("%s/x.so", object.folder);
	FILE *file = fopen(source, "w");
	assert_non_null(file);
	fprintf(file, "%snamespace ns { int add(int a, long b) { return a + (int)b; } }\n",
		*state ? "#line 1 \"lib.rs\"\n" : "");
	fclose(file);
	const char *compiler = getenv("CLANG");
	char *command =
		xprintf("%s -g -O1 -shared -fPIC -o %s %s && nm %s | grep ' T ' | cut -c1-16",
			compiler ? compiler : "clang-22", library, source, library);
	FILE *output = popen(command, "r");
	unsigned long address;
	assert_int_equal(fscanf(output, "%lx", &address), 1);
	pclose(output);
	struct symbolizer *s = open_with(NULL, &notes);
	const struct frame *frame =
		symbolizer_frames(s, position_native(module_of(s, library), address))->frames;
	assert_string_equal(frame->function, "ns::add(int, long)");
	assert_int_equal(frame->language, *state ? FRAME_RUST : FRAME_CXX);
	symbolizer_close(s);
	unlink(source);
	unlink(library);
	free(source);
	free(library);
	free(command);
}

static void a_code_objects_line_comes_from_its_table(void **state)
{
	(void)state;
	struct buf notes = { 0 };
	struct symbolizer *s = open_with(NULL, &notes);
	/* instruction 0: first line + 4; instruction 1: no line */
	const uint8_t table[] = { 0x80 | 13 << 3, 8, 0x80 | 15 << 3 };
	struct code_text text = { .qualname = "f<locals>.g",
				  .qualname_length = 11,
				  .file = "/a/b.py",
				  .file_length = 7,
				  .table = table,
				  .table_length = sizeof table,
				  .first_line = 10 };
	uint32_t code = symbolizer_code(s, &text);
	assert_int_equal(symbolizer_code(s, &text), code);
	const struct frame *frame = symbolizer_frames(s, position_python(code, 0))->frames;
	assert_string_equal(frame->function, "f<locals>.g");
	assert_string_equal(frame->file, "/a/b.py");
	assert_null(frame->module);
	assert_int_equal(frame->line, 14);
	/* without a line of its own: the function's */
	assert_int_equal(symbolizer_frames(s, position_python(code, 1))->frames[0].line, 10);
	frame = symbolizer_frames(s, position_python(code + 1, 0))->frames;
	assert_string_equal(frame->function, "unknown Python function");
	symbolizer_close(s);
}

static void a_global_variable_has_its_name(void **state)
{
	(void)state;
	struct buf notes = { 0 };
	struct symbolizer *s = open_with(NULL, &notes);
	uint64_t offset, address = (uint64_t)(uintptr_t)dlsym(object.handle, "shared_counters");
	position where = position_native(module_of(s, object.path), address - object.bias + 8);
	char *name = symbolizer_variable(s, where, &offset);
	assert_string_equal(name, "shared_counters");
	assert_int_equal(offset, 8);
	free(name);
	assert_null(symbolizer_variable(s, POSITION_UNKNOWN, &offset));
	assert_string_equal(symbolizer_global(s, where), "shared_counters");
	assert_null(symbolizer_global(s, POSITION_UNKNOWN));
	assert_string_equal(symbolizer_module_name(s, where), "generator.so");
	symbolizer_close(s);
}

static void a_variable_is_asked_for_once(void **state)
{
	(void)state;
	struct buf notes = { 0 };
	uint64_t offset;
	char *log = xprintf("%s/log", object.folder);
	char *body = xprintf("while read line; do echo \"$line\" >> %s; "
			     "echo '{\"Data\":{\"Name\":\"\"}}'; done",
			     log);
	char *path = script(body);
	struct symbolizer *s = open_with(path, &notes);
	for (unsigned i = 0; i < 3; i++)
		assert_null(symbolizer_variable(s, mark(s, IN_SEED), &offset));
	assert_null(symbolizer_global(s, mark(s, IN_SEED)));
	symbolizer_close(s);
	assert_int_equal(requests_in(log), 1);
	free(log);
	free(body);
	script_remove(path);
}

/* In a stripped library the answer is the symbol before, however far: in another build another. */
static void a_symbol_without_a_size_is_no_global(void **state)
{
	(void)state;
	struct buf notes = { 0 };
	uint64_t offset;
	char *path = script("while read line; do echo '{\"Data\":{\"Name\":\"_edata\","
			    "\"Start\":\"0x10\",\"Size\":\"0x0\"}}'; done");
	struct symbolizer *s = open_with(path, &notes);
	position where = position_native(module_of(s, object.path), 0x18);
	char *name = symbolizer_variable(s, where, &offset);
	assert_string_equal(name, "_edata");
	assert_int_equal(offset, 8);
	assert_null(symbolizer_global(s, where));
	free(name);
	symbolizer_close(s);
	script_remove(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(real_code_has_function_file_and_line),
		cmocka_unit_test(a_position_is_asked_for_once),
		cmocka_unit_test(neither_end_of_the_pipe_fills_up),
		cmocka_unit_test(a_symbolizer_that_dies_is_started_again),
		cmocka_unit_test(a_symbolizer_that_dies_twice_is_given_up_with_a_note),
		cmocka_unit_test(nonsense_from_the_symbolizer_is_no_symbol),
		cmocka_unit_test(a_helpers_frame_is_folded_like_plumbing),
		cmocka_unit_test(merged_code_has_a_line_near_by_in_its_own_function),
		cmocka_unit_test(its_environment_is_not_that_of_the_program_under_test),
		cmocka_unit_test(a_strange_path_is_not_sent_to_the_symbolizer),
		cmocka_unit_test(cxx_names_are_for_people),
		{ "what_lies_in_a_file_of_rust_is_rust", cxx_names_are_for_people, NULL, NULL,
		  (void *)"" },
		cmocka_unit_test(a_code_objects_line_comes_from_its_table),
		cmocka_unit_test(a_global_variable_has_its_name),
		cmocka_unit_test(a_variable_is_asked_for_once),
		cmocka_unit_test(a_symbol_without_a_size_is_no_global),
	};
	if (object_build(&object) != 0)
		return 1;
	cmocka_set_message_output(CM_OUTPUT_TAP);
	int failures = cmocka_run_group_tests(tests, NULL, NULL);
	object_remove(&object);
	return failures;
}
