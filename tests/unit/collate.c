/* collate.c - records become findings. The code they point into is fixtures/generator.pyx.c. */
#include "tests/unit/fixtures/records.h"
#include <dlfcn.h>
#include <jansson.h>

#include "ftstress/locks.h"
#include "runner/collate/collate.h"
#include "runner/collate/ledger.h"
#include "runner/model/matrix.h"

enum { ZYGOTE = 100, CHILD = 200, OTHER_CHILD = 201 };

#define BIAS 0x7f0000000000ull
#define FRAMES(...) ((const uint64_t[]){ __VA_ARGS__, 0 })

static struct object object;
static const char *const slice[] = { "t.py::test_a", "t.py::test_b[1]" };

struct bench {
	struct collator *collator;
	struct iteration_context context;
	struct stream stream;
};

static struct collator *open_with(struct suppressions *suppressions, const char *symbolizer)
{
	static const char *const sites[] = { "/site" };
	struct collate_options options = {
		.symbolizer = symbolizer,
		.suite = "suite",
		.command = "ftstress --suite suite",
		.suppressions = suppressions,
		.site_dirs = sites,
		.site_dir_count = 1,
	};
	return collator_open(&options);
}

static struct bench bench_over(struct collator *collator)
{
	struct bench b = { .collator = collator };
	b.context = (struct iteration_context){ .zygote = 1,
						.zygote_pid = ZYGOTE,
						.iteration = 1,
						.replay = "a.1.0",
						.tests = slice,
						.test_count = 2 };
	b.stream.pid = ZYGOTE;
	b.stream.test = FTS_NO_TEST;
	collator_zygote(collator, 1);
	put_module(&b.stream, object.path, BIAS, BIAS, BIAS + 0x100000);
	b.stream.pid = CHILD;
	return b;
}

static struct bench bench_start(void)
{
	return bench_over(open_with(NULL, NULL));
}

static void feed(struct bench *b)
{
	collator_feed(b->collator, &b->context, b->stream.bytes.data, b->stream.bytes.length);
	buf_clear(&b->stream.bytes);
}

/* Ends the iteration; the findings of the run so far. */
static const struct finding *const *findings(struct bench *b, size_t *count)
{
	feed(b);
	collator_iteration_end(b->collator, &b->context);
	return collator_findings(b->collator, count);
}

static size_t finding_count(struct bench *b)
{
	size_t count;
	findings(b, &count);
	return count;
}

static const struct finding *only_finding(struct bench *b)
{
	size_t count;
	const struct finding *const *all = findings(b, &count);
	assert_int_equal(count, 1);
	return all[0];
}

static void bench_end(struct bench *b)
{
	collator_close(b->collator);
	buf_free(&b->stream.bytes);
}

static uint64_t at(unsigned mark)
{
	return object_pc(&object, mark, BIAS);
}

/* The fingerprint of a race between two marks, in a run of its own. */
static char *id_of(const uint64_t *writer, const uint64_t *reader)
{
	struct bench b = bench_start();
	put_race(&b.stream, (struct side){ 1, FTS_ACCESS_WRITE, writer },
		 (struct side){ 2, 0, reader }, 0x1000);
	char *id = xstrdup(only_finding(&b)->id);
	bench_end(&b);
	return id;
}

/* ---- one bug, one finding ---- */

static void seeding_against_the_state_getter_is_one_finding(void **state)
{
	(void)state;
	struct bench b = bench_start();
	const uint64_t *seeds[] = {
		FRAMES(at(IN_SEED), at(SEEDING_BY_NUMBER), at(SEEDING_WRAPPER)),
		FRAMES(at(IN_GENRAND), at(SEEDING_BY_ARRAY), at(SEEDING_WRAPPER)),
		FRAMES(at(IN_BY_ARRAY), at(SEEDING_BY_ARRAY), at(SEEDING_WRAPPER)),
	};
	const uint64_t *getters[] = { FRAMES(at(STATE_GETTER)), FRAMES(at(STATE_GETTER_LATER)) };
	for (unsigned word = 0; word < 624; word++) {
		struct side seed = { 1, FTS_ACCESS_WRITE, seeds[word % 3] };
		struct side getter = { 2, 0, getters[word % 2] };
		put_race(&b.stream, word % 5 ? seed : getter, word % 5 ? getter : seed,
			 0x1000 + 4 * word);
	}
	const struct finding *finding = only_finding(&b);
	assert_int_equal(finding->run_count, 624);
	assert_non_null(strstr(finding->title, "MT19937._legacy_seeding writes while "
					       "MT19937.state.__get__ reads"));
	bench_end(&b);
}

static void a_cython_frame_shows_the_pyx_file_and_line(void **state)
{
	(void)state;
	struct bench b = bench_start();
	put_race(&b.stream,
		 (struct side){ 1, FTS_ACCESS_WRITE,
				FRAMES(at(IN_SEED), at(SEEDING_BY_NUMBER), at(SEEDING_WRAPPER)) },
		 (struct side){ 2, 0, FRAMES(at(STATE_GETTER_LATER)) }, 0x1000);
	const struct finding *finding = only_finding(&b);
	const struct stack *writer = &finding->participants[0].stack;
	assert_int_equal(writer->count, 2); /* without the wrapper, which is plumbing */
	assert_string_equal(writer->frames[0].function, "seed_number");
	assert_int_equal(writer->frames[0].language, FRAME_C);
	assert_int_equal(writer->frames[1].language, FRAME_CYTHON);
	assert_string_equal(writer->frames[1].function, "MT19937._legacy_seeding");
	assert_string_equal(writer->frames[1].file, "numpy/random/generator.pyx");
	assert_int_equal(writer->frames[1].line, 186);
	assert_int_equal(finding->participants[1].stack.frames[0].line, 263);
	bench_end(&b);
}

static void inlined_frames_are_told_and_marked(void **state)
{
	(void)state;
	struct bench b = bench_start();
	const uint64_t *frames = FRAMES(at(IN_GENRAND));
	put_race(&b.stream, (struct side){ 1, FTS_ACCESS_WRITE, frames },
		 (struct side){ 2, 0, frames }, 0x1000);
	const struct stack *stack = &only_finding(&b)->participants[0].stack;
	assert_int_equal(stack->count, 2);
	assert_string_equal(stack->frames[0].function, "genrand");
	assert_true(stack->frames[0].is_inline);
	assert_string_equal(stack->frames[1].function, "seed_array");
	assert_false(stack->frames[1].is_inline);
	bench_end(&b);
}

static void an_inlined_helper_is_its_callers(void **state)
{
	(void)state;
	char *helper = id_of(FRAMES(at(IN_REFCOUNT)), FRAMES(at(IN_OTHER)));
	char *caller = id_of(FRAMES(at(IN_PLAIN)), FRAMES(at(IN_OTHER)));
	assert_string_equal(helper, caller);
	free(helper);
	free(caller);
}

static void the_roles_of_the_threads_do_not_matter(void **state)
{
	(void)state;
	char *one = id_of(FRAMES(at(IN_PLAIN)), FRAMES(at(IN_OTHER)));
	char *other = id_of(FRAMES(at(IN_OTHER)), FRAMES(at(IN_PLAIN)));
	char *different = id_of(FRAMES(at(IN_OTHER)), FRAMES(at(IN_OTHER)));
	assert_string_equal(one, other);
	assert_string_not_equal(one, different);
	free(one);
	free(other);
	free(different);
}

static void the_address_layout_does_not_matter(void **state)
{
	(void)state;
	struct bench b = bench_start();
	const uint64_t far = 0x550000000000;
	put_race(&b.stream, (struct side){ 1, FTS_ACCESS_WRITE, FRAMES(at(IN_PLAIN)) },
		 (struct side){ 2, 0, FRAMES(at(IN_OTHER)) }, 0x1000);
	only_finding(&b);
	collator_zygote(b.collator, 1); /* a new process, elsewhere in memory */
	b.stream.pid = ZYGOTE;
	put_module(&b.stream, object.path, far, far, far + 0x100000);
	b.stream.pid = CHILD;
	put_race(&b.stream,
		 (struct side){ 1, FTS_ACCESS_WRITE, FRAMES(object_pc(&object, IN_PLAIN, far)) },
		 (struct side){ 2, 0, FRAMES(object_pc(&object, IN_OTHER, far)) }, 0x9999);
	assert_int_equal(only_finding(&b)->run_count, 2);
	bench_end(&b);
}

static void a_python_function_that_moves_stays_the_same_finding(void **state)
{
	(void)state;
	struct bench b = bench_start();
	for (int line = 10; line < 13; line++) { /* a newer version of the file each time */
		put_code(&b.stream, 7, "Counter.add", "/site/pkg/count.py", line);
		const uint64_t *frames = FRAMES(python_pc(7, 2));
		put_race(&b.stream, (struct side){ 1, FTS_ACCESS_WRITE, frames },
			 (struct side){ 2, FTS_ACCESS_WRITE, frames }, 0x1000);
		const struct finding *finding = only_finding(&b);
		assert_int_equal(finding->run_count, line - 9);
		assert_non_null(strstr(finding->title, "Counter.add"));
	}
	bench_end(&b);
}

/* The deepest stack is the best example; but whoever reads of a type, wants to see its own call. */
static void an_example_is_of_the_type_that_it_is_told_with(void **state)
{
	(void)state;
	static const char *const pairs[] = { "m.A::a|b", "m.B::a|b" };
	struct bench b = bench_start();
	b.context.tests = pairs;
	put_code(&b.stream, 7, "in_a", "/corpus/m.A.py", 1);
	put_code(&b.stream, 8, "in_b", "/corpus/m.B.py", 1);
	const uint64_t *sides[] = { FRAMES(at(IN_PLAIN), python_pc(7, 2)),
				    FRAMES(at(IN_PLAIN), python_pc(8, 2), python_pc(8, 2)),
				    FRAMES(at(IN_PLAIN), python_pc(7, 2), python_pc(7, 2)) };
	for (size_t i = 0; i < 3; i++) {
		b.stream.test = i % 2;
		put_race(&b.stream, (struct side){ 1, FTS_ACCESS_WRITE, sides[i] },
			 (struct side){ 2, 0, FRAMES(at(IN_OTHER)) }, 0x1000);
	}
	const struct finding *finding = only_finding(&b);
	assert_string_equal(finding->tests[0], "m.A::a|b");
	assert_int_equal(finding->participants[0].stack.count, 3);
	assert_string_equal(finding->participants[0].stack.frames[1].function, "in_a");
	bench_end(&b);
}

/* ---- global variables ---- */

static uint64_t global_at(const char *symbol)
{
	uint64_t address = (uint64_t)(uintptr_t)dlsym(object.handle, symbol);
	assert_int_not_equal(address, 0);
	return address - object.bias + BIAS;
}

static void race_at(struct bench *b, uint64_t address)
{
	put_race(&b->stream, (struct side){ 1, FTS_ACCESS_WRITE, FRAMES(at(IN_PLAIN)) },
		 (struct side){ 2, 0, FRAMES(at(IN_OTHER)) }, address);
}

/* The id of a race of the same two functions on an address of generator.so. */
static char *id_at(uint64_t address)
{
	struct bench b = bench_start();
	race_at(&b, address);
	char *id = xstrdup(only_finding(&b)->id);
	bench_end(&b);
	return id;
}

/* What plain_function against other_function is called where no global is known: for ever. */
#define NO_GLOBAL "data-race-5455aa79d709"

static bool any_title_starts(const struct finding *const *all, size_t count, const char *start)
{
	for (size_t i = 0; i < count; i++) {
		if (!strncmp(all[i]->title, start, strlen(start)))
			return true;
	}
	return false;
}

static void two_globals_between_the_same_functions_are_two_findings(void **state)
{
	(void)state;
	struct bench b = bench_start();
	size_t count;
	race_at(&b, global_at("shared_counters"));
	race_at(&b, global_at("shared_calls"));
	const struct finding *const *all = findings(&b, &count);
	assert_int_equal(count, 2);
	assert_string_not_equal(all[0]->id, all[1]->id);
	assert_true(any_title_starts(all, count, "shared_counters: plain_function writes while "));
	assert_true(any_title_starts(all, count, "shared_calls: plain_function writes while "));
	bench_end(&b);
}

static void one_global_is_one_finding_wherever_it_is_touched(void **state)
{
	(void)state;
	struct bench b = bench_start();
	uint64_t counters = global_at("shared_counters");
	struct side writer = { 1, FTS_ACCESS_WRITE, FRAMES(at(IN_PLAIN)) };
	struct side reader = { 2, 0, FRAMES(at(IN_OTHER)) };
	race_at(&b, counters);
	race_at(&b, counters + 24);
	for (unsigned i = 0; i < 2; i++) { /* one side starts before it, whichever is told first */
		begin_report(&b.stream, FTS_REPORT_DATA_RACE, "");
		put_access(&b.stream, i ? writer : reader, counters - 2);
		put_access(&b.stream, i ? reader : writer, counters);
		put_section(&b.stream,
			    (struct fts_section){ .kind = FTS_SEC_GLOBAL, .address = counters },
			    NULL, 0, "global");
		stream_end(&b.stream);
	}
	assert_int_equal(only_finding(&b)->run_count, 4);
	bench_end(&b);
}

static void what_compilers_add_to_a_globals_name_does_not_count(void **state)
{
	(void)state;
	char *plain = id_at(global_at("shared_calls"));
	char *renamed = id_at(global_at("shared_calls.llvm.123"));
	assert_string_equal(plain, renamed);
	free(plain);
	free(renamed);
}

static void what_is_on_no_global_keeps_its_id(void **state)
{
	(void)state;
	static const struct fts_section places[] = {
		{ .kind = FTS_SEC_HEAP, .tid = 1 },
		{ .kind = FTS_SEC_STACK, .tid = 1 },
		{ .kind = FTS_SEC_OBJECT, .size = 64 },
		{ .kind = FTS_SEC_OTHER, .tid = 1 }, /* a file descriptor */
	};
	char *id = id_at(0x1000);
	assert_string_equal(id, NO_GLOBAL);
	free(id);
	for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
		struct bench b = bench_start();
		uint64_t address = global_at("shared_calls"); /* of a module that is gone */
		begin_report(&b.stream, FTS_REPORT_DATA_RACE, "");
		put_access(&b.stream, (struct side){ 1, 1, FRAMES(at(IN_PLAIN)) }, address);
		put_access(&b.stream, (struct side){ 2, 0, FRAMES(at(IN_OTHER)) }, address);
		put_section(&b.stream, places[i], NULL, 0, "");
		stream_end(&b.stream);
		const struct finding *finding = only_finding(&b);
		assert_string_equal(finding->id, NO_GLOBAL);
		assert_int_equal(strncmp(finding->title, "plain_function writes", 21), 0);
		bench_end(&b);
	}
}

#define ELSEWHERE 0x550000000000ull

/* The same code and data once more, as the interpreter. */
static char *put_interpreter(struct bench *b)
{
	char *path = xprintf("%s/libpython3.14t.so.1.0", object.folder);
	assert_int_equal(symlink(object.path, path), 0);
	b->stream.pid = ZYGOTE;
	put_module(&b->stream, path, ELSEWHERE, ELSEWHERE, ELSEWHERE + 0x100000);
	b->stream.pid = CHILD;
	return path;
}

/* A static type, the running interpreter: one bug, whichever it was. */
static void the_interpreter_works_on_what_it_is_handed(void **state)
{
	(void)state;
	static const char *const names[] = { "shared_counters", "shared_calls" };
	struct bench b = bench_start();
	char *path = put_interpreter(&b);
	struct side own = { 1, FTS_ACCESS_WRITE, FRAMES(at(IN_PLAIN)) };
	struct side reads = { 2, 0, FRAMES(object_pc(&object, IN_OTHER, ELSEWHERE)) };
	for (unsigned i = 0; i < 2; i++) {
		race_at(&b, global_at(names[i]) - BIAS + ELSEWHERE);  /* its variables */
		put_race(&b.stream, own, reads, global_at(names[i])); /* its code */
	}
	const struct finding *finding = only_finding(&b);
	assert_string_equal(finding->id, NO_GLOBAL);
	assert_int_equal(finding->run_count, 4);
	assert_int_equal(strncmp(finding->title, "plain_function writes", 21), 0);
	unlink(path);
	free(path);
	bench_end(&b);
}

/* ---- tables ---- */

static void a_code_record_may_come_after_the_report(void **state)
{
	(void)state;
	struct bench b = bench_start();
	put_race(&b.stream, (struct side){ 1, FTS_ACCESS_WRITE, FRAMES(python_pc(7, 2)) },
		 (struct side){ 2, 0, FRAMES(python_pc(7, 2)) }, 0x1000);
	feed(&b);
	put_code(&b.stream, 7, "late", "/site/late.py", 5); /* it was in another ring */
	const struct frame *frame = &only_finding(&b)->participants[0].stack.frames[0];
	assert_string_equal(frame->function, "late");
	assert_int_equal(frame->language, FRAME_PYTHON);
	assert_int_equal(frame->line, 5);
	bench_end(&b);
}

static void what_an_iteration_told_ends_with_it(void **state)
{
	(void)state;
	struct bench b = bench_start();
	static const char *const names[] = { "first", "second" };
	size_t count;
	b.stream.pid = ZYGOTE;
	put_code(&b.stream, 3, "inherited", "/site/z.py", 1);
	for (unsigned i = 0; i < 2; i++) {
		b.stream.pid = CHILD;
		put_code(&b.stream, 7, names[i], "/site/i.py", 1); /* the id is used again */
		put_race(&b.stream, (struct side){ 1, FTS_ACCESS_WRITE, FRAMES(python_pc(7, 0)) },
			 (struct side){ 2, 0, FRAMES(python_pc(3, 0)) }, 0x1000);
		const struct finding *const *all = findings(&b, &count);
		assert_int_equal(count, i + 1);
		bool seen = false;
		for (size_t k = 0; k < count; k++)
			seen |= strstr(all[k]->title, names[i]) &&
				strstr(all[k]->title, "inherited");
		assert_true(seen);
	}
	/* in the third iteration nobody tells what code 7 is */
	struct stack stack;
	collator_frames(b.collator, &b.context, CHILD, FRAMES(python_pc(7, 0), python_pc(3, 0)), 2,
			true, &stack);
	assert_string_equal(stack.frames[0].function, "unknown Python function");
	assert_string_equal(stack.frames[1].function, "inherited");
	stack_clear(&stack);
	bench_end(&b);
}

static void a_child_of_the_iteration_has_code_ids_of_its_own(void **state)
{
	(void)state;
	struct bench b = bench_start();
	put_code(&b.stream, 7, "parent", "/site/i.py", 1);
	put_code(&b.stream, 8, "shared", "/site/i.py", 1);
	b.stream.pid = OTHER_CHILD;
	put_code(&b.stream, 7, "child", "/site/i.py", 1);
	put_race(&b.stream, (struct side){ 1, FTS_ACCESS_WRITE, FRAMES(python_pc(7, 0)) },
		 (struct side){ 2, 0, FRAMES(python_pc(8, 0)) }, 0x1000);
	const struct finding *finding = only_finding(&b);
	assert_non_null(strstr(finding->title, "child writes while shared reads"));
	bench_end(&b);
}

static void a_marker_behind_its_own_frame_is_dropped(void **state)
{
	(void)state;
	struct bench b = bench_start();
	put_code(&b.stream, 7, "outer", "/site/i.py", 1);
	put_code(&b.stream, 8, "inner", "/site/i.py", 1);
	const uint64_t *frames =
		FRAMES(at(IN_PLAIN), python_pc(8, 2), python_pc(8, FTS_PC_MARKER), python_pc(7, 2),
		       python_pc(7, FTS_PC_MARKER), python_pc(7, 1), python_pc(7, FTS_PC_MARKER));
	const uint64_t *alone = FRAMES(at(IN_OTHER), python_pc(8, FTS_PC_MARKER));
	put_race(&b.stream, (struct side){ 1, FTS_ACCESS_WRITE, frames },
		 (struct side){ 2, 0, alone }, 0x1000);
	const struct finding *finding = only_finding(&b);
	assert_int_equal(finding->participants[0].stack.count, 4); /* outer called itself */
	assert_string_equal(finding->participants[0].stack.frames[3].function, "outer");
	assert_int_equal(finding->participants[1].stack.count, 2);
	assert_string_equal(finding->participants[1].stack.frames[1].function, "inner");
	bench_end(&b);
}

static void a_later_mapping_replaces_what_it_overlaps(void **state)
{
	(void)state;
	struct bench b = bench_start();
	put_module(&b.stream, "/gone/other.so", BIAS, BIAS, BIAS + 0x100000);
	struct stack stack;
	feed(&b);
	collator_frames(b.collator, &b.context, CHILD, FRAMES(at(IN_PLAIN)), 1, false, &stack);
	assert_string_equal(stack.frames[0].module, "other.so");
	stack_clear(&stack);
	collator_frames(b.collator, &b.context, ZYGOTE, FRAMES(at(IN_PLAIN)), 1, false, &stack);
	assert_string_equal(stack.frames[0].module, "generator.so");
	stack_clear(&stack);
	bench_end(&b);
}

/* ---- what a finding tells ---- */

static void the_example_is_the_deepest_one(void **state)
{
	(void)state;
	struct bench b = bench_start();
	const uint64_t *shallow = FRAMES(at(IN_PLAIN)), *deep = FRAMES(at(IN_PLAIN), at(IN_OTHER));
	const uint64_t *reader = FRAMES(at(IN_OTHER));
	put_race(&b.stream, (struct side){ 1, FTS_ACCESS_WRITE, shallow },
		 (struct side){ 2, 0, reader }, 0x1000);
	put_race(&b.stream, (struct side){ 1, FTS_ACCESS_WRITE, deep },
		 (struct side){ 2, 0, reader }, 0x2000);
	put_race(&b.stream, (struct side){ 1, FTS_ACCESS_WRITE, shallow },
		 (struct side){ 2, 0, reader }, 0x3000);
	const struct finding *finding = only_finding(&b);
	assert_int_equal(finding->run_count, 3);
	assert_int_equal(finding->participants[0].stack.count, 2);
	assert_int_equal(finding->participants[0].address, 0x2000);
	bench_end(&b);
}

/*
 * malloc() that sem_open() calls, and free() that sem_close() calls, under a lock of the C library's
 * own that TSan does not see.
 */
static void the_c_library_does_not_race_with_itself(void **state)
{
	(void)state;
	struct bench b = bench_start();
	const uint64_t runtime = 0x7a0000000000, libc = 0x7b0000000000;
	b.stream.pid = ZYGOTE;
	put_module(&b.stream, "/nowhere/libclang_rt.tsan-x86_64.so", runtime, runtime,
		   runtime + 0x1000);
	put_module(&b.stream, "/nowhere/libc.so.6", libc, libc, libc + 0x1000);
	b.stream.pid = CHILD;
	struct side allocates = { 1, FTS_ACCESS_WRITE,
				  FRAMES(runtime + 0x10, libc + 0x10, at(IN_PLAIN)) };
	struct side frees = { 2, FTS_ACCESS_WRITE,
			      FRAMES(runtime + 0x20, libc + 0x20, at(IN_OTHER)) };
	struct side writes = { 2, FTS_ACCESS_WRITE, FRAMES(at(IN_OTHER)) };
	struct side copies = { 2, FTS_ACCESS_WRITE, FRAMES(runtime + 0x30, at(IN_OTHER)) };
	put_race(&b.stream, allocates, frees, 0x1000);
	assert_int_equal(finding_count(&b), 0);
	put_race(&b.stream, allocates, writes, 0x1000);
	assert_int_equal(finding_count(&b), 1);
	put_race(&b.stream, copies, writes, 0x1000);
	assert_int_equal(finding_count(&b), 2);
	bench_end(&b);
}

static bool has_note(const struct bench *b, const char *part)
{
	size_t count;
	const char *const *notes = collator_notes(b->collator, &count);
	for (size_t i = 0; i < count; i++)
		if (strstr(notes[i], part))
			return true;
	return false;
}

enum handed { ALLOCATION, COPY_ON_COPY, CALLERS_BLOCK, ANOTHER_THREAD };

/* A block that a library hands out, one that was not compiled with TSan; the race is then told or not. */
static struct bench hand_out(enum handed how)
{
	struct bench b = bench_start();
	Dl_info library; /* any such one */
	const uint64_t runtime = 0x7a0000000000, plain = 0x7b0000000000;
	assert_true(dladdr((void *)(uintptr_t)json_object_get, &library));
	b.stream.pid = ZYGOTE;
	put_module(&b.stream, "/nowhere/libclang_rt.tsan-x86_64.so", runtime, runtime,
		   runtime + 0x1000);
	put_module(&b.stream, library.dli_fname, plain, plain, plain + 0x1000);
	b.stream.pid = CHILD;
	const uint64_t *made = FRAMES(runtime + 0x10, plain + 0x10, at(IN_PLAIN));
	const uint64_t *copied = FRAMES(runtime + 0x30, plain + 0x30, at(IN_OTHER));
	const uint64_t *by_caller = FRAMES(runtime + 0x10, at(IN_PLAIN));
	const uint64_t *block = how == CALLERS_BLOCK ? by_caller : made;
	begin_report(&b.stream, FTS_REPORT_DATA_RACE, "");
	put_access(&b.stream,
		   (struct side){ how == ANOTHER_THREAD ? 3 : 1, FTS_ACCESS_WRITE, made }, 0x1000);
	put_access(&b.stream,
		   how == COPY_ON_COPY ? (struct side){ 2, FTS_ACCESS_WRITE, copied }
				       : (struct side){ 2, 0, FRAMES(at(IN_OTHER)) },
		   0x1000);
	put_section(&b.stream,
		    (struct fts_section){
			    .kind = FTS_SEC_HEAP, .tid = 1, .address = 0x1000, .size = 64 },
		    block, frame_count(block), "");
	stream_end(&b.stream);
	return b;
}

static void what_uninstrumented_code_publishes_is_not_told(void **state)
{
	(void)state;
	struct bench b = hand_out(ALLOCATION);
	assert_int_equal(finding_count(&b), 0);
	collator_tell_limits(b.collator);
	assert_true(has_note(&b, "1 race with code that is not compiled with ThreadSanitizer"));
	bench_end(&b);
	/* Others are, and it is said that not all was seen. */
	for (enum handed how = COPY_ON_COPY; how <= ANOTHER_THREAD; how++) {
		b = hand_out(how);
		assert_non_null(strstr(only_finding(&b)->explanation,
				       "is not compiled with ThreadSanitizer"));
		bench_end(&b);
	}
}

static void locks_creation_and_object_are_told(void **state)
{
	(void)state;
	struct bench b = bench_start();
	struct stream *s = &b.stream;
	begin_report(s, FTS_REPORT_DATA_RACE, "");
	put_access(s, (struct side){ 1, FTS_ACCESS_WRITE, FRAMES(at(IN_PLAIN)) }, 0x1030);
	put_section(
		s,
		(struct fts_section){ .kind = FTS_SEC_HELD, .flags = FTS_HELD_WRITE, .value = 9 },
		NULL, 0, "");
	put_access(s, (struct side){ 0, 0, FRAMES(at(IN_OTHER)) }, 0x1030);
	put_section(s, (struct fts_section){ .kind = FTS_SEC_HEAP, .address = 0x1000, .size = 96 },
		    NULL, 0, "heap");
	put_section(s,
		    (struct fts_section){ .kind = FTS_SEC_OBJECT,
					  .tid = -1,
					  .address = 0x1000,
					  .size = 64,
					  .value = 48 },
		    FRAMES(at(IN_SEED)), 1, "itertools.cycle");
	put_section(s, (struct fts_section){ .kind = FTS_SEC_MUTEX, .address = 0xabc0, .value = 9 },
		    FRAMES(at(IN_SEED)), 1, "");
	put_section(s, (struct fts_section){ .kind = FTS_SEC_THREAD, .tid = 1 },
		    FRAMES(at(IN_OTHER)), 1, "worker");
	stream_end(s);
	const struct finding *finding = only_finding(&b);
	const struct participant *writer = &finding->participants[0];
	assert_string_equal(writer->thread, "Thread T1");
	assert_string_equal(writer->role, "write of 4 bytes");
	assert_int_equal(writer->lock_count, 1);
	assert_string_equal(writer->locks[0].name, "M9");
	assert_true(writer->locks[0].numbered && writer->locks[0].address == 0xabc0);
	assert_string_equal(writer->locks[0].created.frames[0].function, "seed_number");
	assert_string_equal(writer->created.frames[0].function, "other_function");
	assert_string_equal(finding->participants[1].thread, "Main thread");
	assert_string_equal(finding->subject.description,
			    "offset 48 of a Python object of type 'itertools.cycle' (64 bytes), "
			    "made at fixtures/mersenne.c:24 in seed_number");
	assert_int_equal(finding->subject.kind, SUBJECT_OBJECT);
	assert_string_equal(finding->subject.type, "itertools.cycle");
	assert_int_equal(finding->subject.offset, 48);
	assert_int_equal(finding->subject.size, 64);
	assert_string_equal(finding->subject.allocated.frames[0].function, "seed_number");
	bench_end(&b);
}

/* A mutex section of a lock that TSan was told of, number `value`. */
static void put_lock(struct stream *s, uint64_t value, unsigned kind, const char *type,
		     const uint64_t *birth, uint32_t births)
{
	put_section(s,
		    (struct fts_section){
			    .kind = FTS_SEC_MUTEX, .flags = (uint16_t)(kind << 8), .value = value },
		    birth, births, type);
}

static void locks_of_all_kinds_are_told_of_the_side_that_held_them(void **state)
{
	(void)state;
	struct bench b = bench_start();
	struct stream *s = &b.stream;
	unsigned all = FTS_ACCESS_LOCKS;
	begin_report(s, FTS_REPORT_DATA_RACE, "");
	put_access(s, (struct side){ 1, FTS_ACCESS_WRITE | all, FRAMES(at(IN_PLAIN)) }, 0x1030);
	for (unsigned i = 0; i < 3; i++)
		put_section(s, (struct fts_section){ .kind = FTS_SEC_HELD, .value = i }, NULL, 0,
			    "");
	put_access(s, (struct side){ 0, all, FRAMES(at(IN_OTHER)) }, 0x1030);
	put_lock(s, 0, FTS_LOCK_OBJECT, "dict", NULL, 0);
	put_lock(s, 1, FTS_LOCK_LOCK, "", FRAMES(at(IN_SEED)), 1);
	put_lock(s, 2, FTS_LOCK_PYMUTEX, "numpy.ndarray", NULL, 0);
	stream_end(s);
	const struct finding *finding = only_finding(&b);
	const struct participant *writer = &finding->participants[0];
	assert_int_equal(writer->lock_count, 3);
	assert_string_equal(writer->locks[0].name, "critical section of a dict");
	assert_ptr_equal(strstr(writer->locks[1].name, "threading.Lock of "),
			 writer->locks[1].name);
	assert_string_equal(writer->locks[2].name, "PyMutex in a numpy.ndarray");
	assert_non_null(strstr(finding->explanation, "Thread T1 held the critical section of a "
						     "dict, the threading.Lock of "));
	assert_non_null(strstr(finding->explanation, "Main thread held no lock"));
	bench_end(&b);
}

static void that_a_side_held_locks_is_told_where_it_is_not_known_which(void **state)
{
	(void)state;
	struct bench b = bench_start();
	struct stream *s = &b.stream;
	unsigned all = FTS_ACCESS_LOCKS;
	begin_report(s, FTS_REPORT_DATA_RACE, "");
	put_access(s, (struct side){ 1, FTS_ACCESS_WRITE | all, FRAMES(at(IN_PLAIN)) }, 0x1030);
	put_section(s, (struct fts_section){ .kind = FTS_SEC_HELD, .value = 3 }, NULL, 0, "");
	put_access(s, (struct side){ 0, all, FRAMES(at(IN_OTHER)) }, 0x1030);
	put_section(s,
		    (struct fts_section){
			    .kind = FTS_SEC_MUTEX, .flags = FTS_MUTEX_UNKNOWN, .value = 3 },
		    NULL, 0, "");
	stream_end(s);
	const struct finding *finding = only_finding(&b);
	assert_int_equal(finding->participants[0].lock_count, 1);
	assert_string_equal(finding->participants[0].locks[0].name, "locks that are not known");
	assert_non_null(strstr(finding->explanation,
			       "Thread T1 held locks that are not known; Main thread held no lock. "
			       "There were more locks"));
	assert_null(strstr(finding->explanation, "one side does without"));
	bench_end(&b);
}

static void race_in(struct bench *b, uint64_t frame, unsigned flags, const char *type)
{
	begin_report(&b->stream, FTS_REPORT_DATA_RACE, "");
	put_access(&b->stream, (struct side){ 1, FTS_ACCESS_WRITE, FRAMES(frame) }, 0x1008);
	put_access(&b->stream, (struct side){ 2, 0, FRAMES(at(IN_OTHER)) }, 0x1008);
	put_section(&b->stream,
		    (struct fts_section){ .kind = FTS_SEC_OBJECT,
					  .flags = (uint16_t)flags,
					  .address = 0x1000,
					  .size = 64,
					  .value = 8 },
		    NULL, 0, type);
	stream_end(&b->stream);
}

static void what_a_buffer_holds_is_told_as_its_users_and_last(void **state)
{
	(void)state;
	struct bench b = bench_start();
	size_t count;
	race_in(&b, at(IN_PLAIN), FTS_OBJECT_DATA, "bytearray");
	race_in(&b, at(IN_PLAIN), FTS_OBJECT_DATA, "bytearray");
	race_in(&b, at(IN_SEED), 0, "bytearray");
	const struct finding *const *all = findings(&b, &count);
	assert_int_equal(count, 2);
	assert_string_equal(all[0]->subject.description,
			    "offset 8 of a Python object of type 'bytearray' (64 bytes)");
	assert_string_equal(all[1]->subject.description, "byte 8 of the data of a bytearray");
	assert_int_equal(all[1]->subject.kind, SUBJECT_BUFFER);
	assert_int_equal(all[1]->subject.offset, 8);
	assert_ptr_equal(strstr(all[1]->title, "data of a bytearray: "), all[1]->title);
	assert_non_null(strstr(all[1]->explanation, "If the test gave the buffer to both"));
	assert_null(strstr(all[0]->explanation, "If the test gave the buffer to both"));
	bench_end(&b);
}

static void tokens_tests_and_command_are_those_of_the_run(void **state)
{
	(void)state;
	struct bench b = bench_start();
	const uint64_t *frames = FRAMES(at(IN_PLAIN));
	struct side writer = { 1, FTS_ACCESS_WRITE, frames }, reader = { 2, 0, frames };
	size_t count;
	for (unsigned i = 0; i < 15; i++) {
		char *token = xprintf("a.%u.0", i);
		b.context.replay = token;
		b.context.gil = i == 14;
		b.stream.test = i % 2;
		put_race(&b.stream, writer, reader, 0x1000);
		put_race(&b.stream, writer, reader, 0x1000);
		only_finding(&b);
		free(token);
	}
	const struct finding *finding = collator_findings(b.collator, &count)[0];
	assert_int_equal(finding->run_count, 30);
	assert_int_equal(finding->replay_count, FINDING_REPLAYS);
	assert_string_equal(finding->replays[0], "a.0.0");
	assert_int_equal(finding->test_count, 2);
	assert_string_equal(finding->tests[1], "t.py::test_b[1]");
	assert_string_equal(finding->command, "ftstress --suite suite --replay a.0.0");
	assert_true(finding->gil_on && finding->gil_off);
	const struct occurrence *seen = collator_occurrences(b.collator, &count);
	assert_int_equal(count, 15); /* one for each finding, token and test */
	assert_int_equal(seen[3].count, 2);
	assert_string_equal(seen[3].token, "a.3.0");
	assert_string_equal(seen[3].test, "t.py::test_b[1]");
	collator_occurrences_done(b.collator);
	collator_occurrences(b.collator, &count);
	assert_int_equal(count, 0);
	bench_end(&b);
}

static void a_race_seen_in_many_types_keeps_a_test_of_the_owners(void **state)
{
	(void)state;
	struct finding race = { .kind = FINDING_DATA_RACE };
	race.subject = (struct subject){ .kind = SUBJECT_OBJECT, .type = xstrdup("my_iterator") };
	for (unsigned i = 0; i < FINDING_TESTS + 2; i++) {
		char *test = xprintf("builtins.map::next|next#%u", i);
		finding_add_test(&race, test);
		free(test);
	}
	assert_int_equal(race.test_count, FINDING_TESTS);
	finding_add_test(&race, "builtins.my_iterator::next|list");
	assert_int_equal(race.test_count, FINDING_TESTS);
	assert_true(matrix_owner_first(&race));
	assert_string_equal(race.tests[0], "builtins.my_iterator::next|list");
	assert_string_equal(race.tests[1], "builtins.map::next|next#0");
	finding_add_test(&race, "m.my_iterator::next|next");
	assert_string_equal(race.tests[FINDING_TESTS - 1], "builtins.map::next|next#8");
	finding_clear(&race);
}

static void a_ready_made_finding_is_merged_by_its_place(void **state)
{
	(void)state;
	struct bench b = bench_start();
	const struct finding *kept[2];
	feed(&b);
	for (unsigned i = 0; i < 2; i++) {
		struct finding crash = { .kind = FINDING_CRASH, .participant_count = 1 };
		crash.participants = xcalloc(1, sizeof *crash.participants);
		crash.participants[0].role = xprintf("SIGSEGV at 0x%x", i); /* another address */
		crash.participants[0].thread = xstrdup("Thread 1");
		collator_frames(b.collator, &b.context, CHILD,
				FRAMES(at(IN_PLAIN) - 1, at(IN_OTHER)), 2, true,
				&crash.participants[0].stack);
		kept[i] = collator_add(b.collator, &b.context, &crash);
		assert_null(crash.id); /* it was taken over */
	}
	assert_ptr_equal(kept[0], kept[1]);
	assert_int_equal(kept[0]->run_count, 2);
	assert_non_null(strstr(kept[0]->title, "Crash in plain_function (fixtures/mersenne.c:"));
	assert_int_equal(strncmp(kept[0]->id, "crash-", 6), 0);
	bench_end(&b);
}

static void a_module_that_switches_the_gil_on_is_a_finding(void **state)
{
	(void)state;
	struct bench b = bench_start();
	put_text(&b.stream, FTS_REC_GIL_ENABLED, "old.ext");
	const struct finding *finding = only_finding(&b);
	assert_int_equal(finding->kind, FINDING_GIL_ENABLED);
	assert_string_equal(finding->title, "Importing old.ext switched the GIL back on");
	b.context.gil = true; /* here the GIL was asked for */
	put_text(&b.stream, FTS_REC_GIL_ENABLED, "older.ext");
	only_finding(&b);
	bench_end(&b);
}

static void hooks_and_notes_are_kept_once(void **state)
{
	(void)state;
	struct bench b = bench_start();
	size_t count;
	put_hook(&b.stream, "races", 1, "");
	put_hook(&b.stream, "locks", 0, "not exported");
	put_hook(&b.stream, "races", 0, "late");
	put_text(&b.stream, FTS_REC_NOTE, "a note");
	put_text(&b.stream, FTS_REC_NOTE, "a note");
	feed(&b);
	const struct run_hook *hooks = collator_hooks(b.collator, &count);
	assert_int_equal(count, 2);
	assert_false(hooks[0].live); /* in one of the processes it was not */
	assert_string_equal(hooks[0].why, "late");
	assert_false(hooks[1].live);
	assert_string_equal(hooks[1].why, "not exported");
	assert_string_equal(collator_notes(b.collator, &count)[0], "a note");
	assert_int_equal(count, 1);
	bench_end(&b);
}

/* ---- suppressions ---- */

static void a_finding_is_suppressed_while_a_rule_matches_all_of_it(void **state)
{
	(void)state;
	struct suppressions *set = suppress_new();
	suppress_parse(set, "mine", "race:seed_number", STATUS_SUPPRESSED);
	suppress_parse(set, "cpython", "race_top:plain_function", STATUS_UPSTREAM);
	struct bench b = bench_over(open_with(set, NULL));
	const uint64_t *getter = FRAMES(at(STATE_GETTER));
	put_race(&b.stream, (struct side){ 1, 1, FRAMES(at(IN_SEED), at(SEEDING_BY_NUMBER)) },
		 (struct side){ 2, 0, getter }, 0x1000);
	const struct finding *finding = only_finding(&b);
	assert_int_equal(finding->status, STATUS_SUPPRESSED);
	assert_string_equal(finding->suppressed_by, "race:seed_number");
	/* the same bug by another way: nothing hides it */
	put_race(&b.stream, (struct side){ 1, 1, FRAMES(at(IN_BY_ARRAY), at(SEEDING_BY_ARRAY)) },
		 (struct side){ 2, 0, getter }, 0x1000);
	finding = only_finding(&b);
	assert_int_equal(finding->status, STATUS_NEW);
	assert_null(finding->suppressed_by);
	assert_string_equal(finding->participants[0].stack.frames[0].function, "seed_array");
	/* and by a third, hidden one, with more frames to show */
	put_race(&b.stream,
		 (struct side){ 1, 1,
				FRAMES(at(IN_SEED), at(SEEDING_BY_NUMBER), at(SEEDING_WRAPPER)) },
		 (struct side){ 2, 0, getter }, 0x1000);
	finding = only_finding(&b);
	assert_int_equal(finding->status, STATUS_NEW);
	assert_string_equal(finding->participants[0].stack.frames[0].function, "seed_array");
	bench_end(&b);
	suppress_free(set);
}

/* CPython's rules, with the fixtures in the place of its sources. */
static struct suppressions *cpythons_rules(const char *rules)
{
	struct suppressions *set = suppress_new();
	char *here = getcwd(NULL, 0), *sources = xprintf("%s/tests/unit/fixtures", here);
	suppress_parse(set, "cpython", rules, STATUS_UPSTREAM);
	suppress_sources(set, sources);
	free(sources);
	free(here);
	return set;
}

static void a_rule_of_cpythons_is_not_for_an_extension(void **state)
{
	(void)state;
	struct suppressions *set = suppress_new();
	suppress_parse(set, "cpython", "race_top:plain_function", STATUS_UPSTREAM);
	struct bench b = bench_over(open_with(set, NULL));
	struct side plain = { 1, 1, FRAMES(at(IN_PLAIN)) };
	put_race(&b.stream, plain, plain, 0x1000);
	assert_int_equal(only_finding(&b)->status, STATUS_NEW);
	bench_end(&b);
	suppress_free(set);
}

static void upstream_findings_come_after_new_ones(void **state)
{
	(void)state;
	struct suppressions *set = cpythons_rules("race_top:plain_function");
	size_t count;
	struct bench b = bench_over(open_with(set, NULL));
	struct side plain = { 1, 1, FRAMES(at(IN_PLAIN)) }, other = { 2, 0, FRAMES(at(IN_OTHER)) };
	put_race(&b.stream, plain, plain, 0x1000);
	put_race(&b.stream, plain, plain, 0x1000);
	put_race(&b.stream, other, other, 0x1000);
	const struct finding *const *all = findings(&b, &count);
	assert_int_equal(count, 2);
	assert_int_equal(all[0]->status, STATUS_NEW);
	assert_int_equal(all[1]->status, STATUS_UPSTREAM);
	struct collate_counters counters = collator_counters(b.collator);
	assert_int_equal(counters.by_status[STATUS_NEW], 1);
	assert_int_equal(counters.by_status[STATUS_UPSTREAM], 1);
	assert_int_equal(counters.reports, 3);
	bench_end(&b);
	suppress_free(set);
}

/* ---- what goes wrong ---- */

static void broken_records_are_counted_and_noted(void **state)
{
	(void)state;
	struct bench b = bench_start();
	struct fts_record head = { .length = 1u << 20, .type = FTS_REC_NOTE };
	size_t count;
	put_text(&b.stream, FTS_REC_NOTE, "before");
	buf_add(&b.stream.bytes, &head, sizeof head); /* longer than what follows */
	feed(&b);
	/* a report whose section promises more frames than there are */
	begin_report(&b.stream, FTS_REPORT_DATA_RACE, "");
	put_section(&b.stream, (struct fts_section){ .kind = FTS_SEC_ACCESS }, NULL, 0, "");
	uint32_t many = 1u << 30;
	memcpy(b.stream.bytes.data + b.stream.report + sizeof(struct fts_report) + 4, &many, 4);
	stream_end(&b.stream);
	findings(&b, &count);
	assert_int_equal(count, 0);
	assert_int_equal(collator_counters(b.collator).records_lost, 2);
	collator_notes(b.collator, &count);
	assert_int_equal(count, 3);
	bench_end(&b);
}

static void no_cut_of_a_stream_is_read_beyond(void **state)
{
	(void)state;
	struct bench whole = bench_start();
	put_code(&whole.stream, 7, "f", "/site/f.py", 1);
	put_hook(&whole.stream, "h", 0, "why");
	put_race(&whole.stream, (struct side){ 1, 1, FRAMES(python_pc(7, 0)) },
		 (struct side){ 2, 0, FRAMES(python_pc(7, 0)) }, 0x1000);
	for (size_t length = 0; length < whole.stream.bytes.length; length++) {
		struct collator *collator = open_with(NULL, NULL);
		uint8_t *cut = xmalloc(length); /* for the sanitizer */
		if (length)
			memcpy(cut, whole.stream.bytes.data, length);
		collator_feed(collator, &whole.context, cut, length);
		for (size_t at_byte = 0; at_byte + 4 <= length; at_byte += 4) {
			if (at_byte % 32 >= 4) /* not the lengths of records themselves */
				memset(cut + at_byte, 0xff, 4);
			collator_feed(collator, &whole.context, cut, length);
		}
		collator_iteration_end(collator, &whole.context);
		collator_close(collator);
		free(cut);
	}
	bench_end(&whole);
}

static void without_a_symbolizer_frames_are_module_and_offset(void **state)
{
	(void)state;
	struct bench b = bench_over(open_with(NULL, "/nonexistent/llvm-symbolizer"));
	struct side side = { 1, 1, FRAMES(at(IN_PLAIN)) };
	size_t count;
	put_race(&b.stream, side, side, 0x1000);
	const struct finding *finding = only_finding(&b);
	const struct frame *frame = &finding->participants[0].stack.frames[0];
	char *expected =
		xprintf("generator.so+0x%llx", (unsigned long long)(at(IN_PLAIN) - 1 - BIAS));
	assert_string_equal(frame->function, expected);
	assert_int_equal(frame->language, FRAME_UNKNOWN);
	const char *note = collator_notes(b.collator, &count)[0];
	assert_non_null(strstr(note, "/nonexistent/llvm-symbolizer can't be started"));
	free(expected);
	bench_end(&b);
}

static void a_module_that_is_gone_shows_offsets(void **state)
{
	(void)state;
	struct bench b = bench_start();
	struct side side = { 1, 1, FRAMES(0x600000001235) };
	put_module(&b.stream, "/gone/libx.so (deleted)", 0x600000000000, 0x600000000000,
		   0x600000010000);
	put_race(&b.stream, side, side, 0x1000);
	const struct frame *frame = &only_finding(&b)->participants[0].stack.frames[0];
	assert_string_equal(frame->function, "libx.so+0x1234");
	bench_end(&b);
}

/* ---- what is missing ---- */

/* Thread `number` holds the lock at mark `held` and takes that at mark `wanted`. */
static void put_order(struct stream *s, int number, uint64_t held, uint64_t wanted)
{
	static uint64_t sequence;
	const uint64_t *here = FRAMES(at(IN_SEED));
	uint16_t kind = FTS_LOCK_PTHREAD << 8;
	begin_report(s, FTS_REPORT_LOCK_EDGE, "");
	put_section(s,
		    (struct fts_section){ .kind = FTS_SEC_LOCK, .flags = kind, .address = wanted },
		    here, 1, "");
	put_section(s, (struct fts_section){ .kind = FTS_SEC_HELD, .flags = kind, .address = held },
		    here, 1, "");
	put_section(
		s,
		(struct fts_section){ .kind = FTS_SEC_THREAD, .tid = number, .size = ++sequence },
		NULL, 0, "");
	stream_end(s);
}

static void put_both_orders(struct stream *s)
{
	put_order(s, 1, BIAS + 0x4000, BIAS + 0x4100);
	put_order(s, 2, BIAS + 0x4100, BIAS + 0x4000);
}

static void lock_orders_are_judged_while_nothing_but_bulk_is_lost(void **state)
{
	(void)state;
	struct bench b = bench_start();
	put_both_orders(&b.stream);
	collator_lost(b.collator, &b.context, (struct arena_lost){ .records = 7 });
	assert_int_equal(only_finding(&b)->kind, FINDING_LOCK_ORDER);
	collator_tell_limits(b.collator);
	assert_true(has_note(&b, "7 records did not fit"));
	assert_false(has_note(&b, "judged"));
	bench_end(&b);
}

static void lock_orders_of_an_iteration_that_lost_control_are_not_judged(void **state)
{
	(void)state;
	struct bench b = bench_start();
	size_t count;
	put_both_orders(&b.stream);
	collator_lost(b.collator, &b.context, (struct arena_lost){ .records = 1, .control = 1 });
	findings(&b, &count);
	assert_int_equal(count, 0);
	/* The next iteration is judged again. */
	b.stream.pid = OTHER_CHILD;
	put_both_orders(&b.stream);
	findings(&b, &count);
	assert_int_equal(count, 1);
	collator_tell_limits(b.collator);
	assert_true(has_note(&b, "were lost, so none of them was judged (1 time)"));
	bench_end(&b);
}

static void more_lock_records_than_are_kept_are_not_judged(void **state)
{
	(void)state;
	struct bench b = bench_start();
	struct stream many = { .pid = CHILD };
	struct fts_lock_event event = { .kind = FTS_LOCK_FREED, .size = 8 };
	put_both_orders(&b.stream);
	feed(&b);
	for (int i = 0; i < 10000; i++) {
		stream_begin(&many, FTS_REC_LOCK_EVENT);
		buf_add(&many.bytes, &event, sizeof event);
		stream_end(&many);
	}
	for (size_t fed = 0; fed <= 64 << 20; fed += many.bytes.length)
		collator_feed(b.collator, &b.context, many.bytes.data, many.bytes.length);
	buf_free(&many.bytes);
	size_t count;
	findings(&b, &count);
	assert_int_equal(count, 0);
	collator_tell_limits(b.collator);
	assert_true(has_note(&b, "more than 64 MiB of lock orders (1 time)"));
	bench_end(&b);
}

static void the_place_of_a_gap_is_told(void **state)
{
	(void)state;
	struct bench b = bench_start();
	struct fts_lost lost = { .count = 3, .types = 1u << FTS_REC_REPORT };
	b.stream.test = 1;
	stream_begin(&b.stream, FTS_REC_LOST);
	buf_add(&b.stream.bytes, &lost, sizeof lost);
	stream_end(&b.stream);
	feed(&b);
	collator_lost(b.collator, &b.context, (struct arena_lost){ .records = 3 });
	collator_tell_limits(b.collator);
	assert_true(has_note(&b, "3 records did not fit"));
	assert_true(has_note(&b, "first in iteration 1, t.py::test_b[1]"));
	bench_end(&b);
}

static void each_limit_that_was_met_is_a_note(void **state)
{
	(void)state;
	struct bench b = bench_start();
	uint64_t counts[FTS_LIMIT_COUNT];
	size_t count;
	collator_tell_limits(b.collator);
	collator_notes(b.collator, &count);
	assert_int_equal(count, 0);
	for (size_t i = 0; i < FTS_LIMIT_COUNT; i++)
		counts[i] = 2;
	collator_limits(b.collator, counts);
	collator_tell_limits(b.collator);
	collator_notes(b.collator, &count);
	assert_int_equal(count, FTS_LIMIT_COUNT);
	assert_true(has_note(&b, "more than 256 locks (2 times)"));
	bench_end(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(seeding_against_the_state_getter_is_one_finding),
		cmocka_unit_test(a_cython_frame_shows_the_pyx_file_and_line),
		cmocka_unit_test(inlined_frames_are_told_and_marked),
		cmocka_unit_test(an_inlined_helper_is_its_callers),
		cmocka_unit_test(the_roles_of_the_threads_do_not_matter),
		cmocka_unit_test(the_address_layout_does_not_matter),
		cmocka_unit_test(a_python_function_that_moves_stays_the_same_finding),
		cmocka_unit_test(an_example_is_of_the_type_that_it_is_told_with),
		cmocka_unit_test(two_globals_between_the_same_functions_are_two_findings),
		cmocka_unit_test(one_global_is_one_finding_wherever_it_is_touched),
		cmocka_unit_test(what_compilers_add_to_a_globals_name_does_not_count),
		cmocka_unit_test(what_is_on_no_global_keeps_its_id),
		cmocka_unit_test(the_interpreter_works_on_what_it_is_handed),
		cmocka_unit_test(a_code_record_may_come_after_the_report),
		cmocka_unit_test(what_an_iteration_told_ends_with_it),
		cmocka_unit_test(a_child_of_the_iteration_has_code_ids_of_its_own),
		cmocka_unit_test(a_marker_behind_its_own_frame_is_dropped),
		cmocka_unit_test(a_later_mapping_replaces_what_it_overlaps),
		cmocka_unit_test(the_example_is_the_deepest_one),
		cmocka_unit_test(the_c_library_does_not_race_with_itself),
		cmocka_unit_test(what_uninstrumented_code_publishes_is_not_told),
		cmocka_unit_test(locks_creation_and_object_are_told),
		cmocka_unit_test(what_a_buffer_holds_is_told_as_its_users_and_last),
		cmocka_unit_test(locks_of_all_kinds_are_told_of_the_side_that_held_them),
		cmocka_unit_test(that_a_side_held_locks_is_told_where_it_is_not_known_which),
		cmocka_unit_test(tokens_tests_and_command_are_those_of_the_run),
		cmocka_unit_test(a_race_seen_in_many_types_keeps_a_test_of_the_owners),
		cmocka_unit_test(a_ready_made_finding_is_merged_by_its_place),
		cmocka_unit_test(a_module_that_switches_the_gil_on_is_a_finding),
		cmocka_unit_test(hooks_and_notes_are_kept_once),
		cmocka_unit_test(a_finding_is_suppressed_while_a_rule_matches_all_of_it),
		cmocka_unit_test(a_rule_of_cpythons_is_not_for_an_extension),
		cmocka_unit_test(upstream_findings_come_after_new_ones),
		cmocka_unit_test(broken_records_are_counted_and_noted),
		cmocka_unit_test(lock_orders_are_judged_while_nothing_but_bulk_is_lost),
		cmocka_unit_test(lock_orders_of_an_iteration_that_lost_control_are_not_judged),
		cmocka_unit_test(more_lock_records_than_are_kept_are_not_judged),
		cmocka_unit_test(the_place_of_a_gap_is_told),
		cmocka_unit_test(each_limit_that_was_met_is_a_note),
		cmocka_unit_test(no_cut_of_a_stream_is_read_beyond),
		cmocka_unit_test(without_a_symbolizer_frames_are_module_and_offset),
		cmocka_unit_test(a_module_that_is_gone_shows_offsets),
	};
	if (object_build(&object) != 0)
		return 1;
	cmocka_set_message_output(CM_OUTPUT_TAP);
	int failures = cmocka_run_group_tests(tests, NULL, NULL);
	object_remove(&object);
	return failures;
}
