/* fingerprint.c - which stacks are the same place, and what a finding is called. */
#include <ctype.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "runner/symbols/cython.h"
#include "runner/model/explain.h"
#include "runner/model/fingerprint.h"
#include "runner/model/memory.h"
#include "runner/model/plumbing.h"

#include <cmocka.h>

#define C(function, file, module)                                                                  \
	{ FRAME_C, (char *)function, (char *)file, 1, (char *)module, false, false, false }
#define CYTHON(function, file, module)                                                             \
	{ FRAME_CYTHON, (char *)function, (char *)file, 1, (char *)module, false, false, false }
#define CXX(function, file, module)                                                                \
	{ FRAME_CXX, (char *)function, (char *)file, 1, (char *)module, false, false, false }
#define PYTHON(function, file)                                                                     \
	{ FRAME_PYTHON, (char *)function, (char *)file, 1, NULL, false, false, false }
#define STACK(...)                                                                                 \
	((struct stack){ (struct frame[]){ __VA_ARGS__ },                                          \
			 sizeof((struct frame[]){ __VA_ARGS__ }) / sizeof(struct frame) })

static const char *const site_dirs[] = { "/opt/site" };
static const struct roots roots = { site_dirs, 1 };

static void assert_site(struct stack stack, const char *expected)
{
	char *site = site_text(&stack, &roots);
	assert_string_equal(site, expected);
	free(site);
}

static void helpers_are_skipped(void **state)
{
	(void)state;
	assert_site(
		STACK(C("memcpy", NULL, "libclang_rt.tsan-x86_64.so"),
		      C("_Py_atomic_load_ssize", "Include/cpython/pyatomic_gcc.h", "libpython.so"),
		      C("Py_INCREF", "Include/refcount.h", "libpython.so"),
		      C("list_slice", "Objects/listobject.c", "libpython.so")),
		"c:list_slice@listobject.c");
}

static void a_function_named_like_a_helper_is_none(void **state)
{
	(void)state;
	assert_site(STACK(C("string_concat", "strings.c", "ext.so")), "c:string_concat@strings.c");
	assert_site(STACK(C("memo_get", "memo.c", "ext.so")), "c:memo_get@memo.c");
}

static void the_cython_function_above_its_own_c_is_the_site(void **state)
{
	(void)state;
	assert_site(
		STACK(C("mt19937_seed", "mt19937.c", "_mt19937.so"),
		      CYTHON("MT19937._legacy_seeding", "numpy/random/_mt19937.pyx", "_mt19937.so"),
		      C("PyObject_Vectorcall", "Objects/call.c", "libpython.so")),
		"cy:MT19937._legacy_seeding@_mt19937");
}

static void a_cython_site_is_the_modules_whatever_file_the_line_is_in(void **state)
{
	(void)state;
	assert_site(STACK(CYTHON("A.f", "pkg/mod.pyx", "mod.cpython-314t.so")), "cy:A.f@mod");
	assert_site(STACK(CYTHON("A.f", "other/inline.pxd", "mod.cpython-313t.so")), "cy:A.f@mod");
	assert_site(STACK(CYTHON("A.f", NULL, "mod.so")), "cy:A.f@mod");
}

static void another_modules_cython_function_is_not_the_site(void **state)
{
	(void)state;
	assert_site(STACK(C("list_resize", "Objects/listobject.c", "libpython.so"),
			  CYTHON("f", "m.pyx", "m.so")),
		    "c:list_resize@listobject.c");
}

static void an_access_of_the_eval_loop_is_the_python_functions(void **state)
{
	(void)state;
	assert_site(STACK(PYTHON("Counter.add", "/opt/site/pkg/count.py"),
			  C("_PyEval_Vector", "Python/ceval.c", "libpython.so")),
		    "py:Counter.add@pkg/count.py");
	assert_site(STACK(C("_PyEval_EvalFrameDefault", "generated_cases.c.h", "libpython.so"),
			  PYTHON("Counter.add", "/elsewhere/pkg/count.py")),
		    "py:Counter.add@pkg/count.py");
	assert_site(STACK(PYTHON("f.<locals>.<genexpr>", "/opt/site/pkg/count.py")),
		    "py:f@pkg/count.py");
	assert_site(STACK(PYTHON("<genexpr>", "/opt/site/pkg/count.py")),
		    "py:<genexpr>@pkg/count.py");
}

static void inlining_does_not_change_the_site(void **state)
{
	(void)state;
	struct stack seen = STACK(C("_PyObject_GC_MAY_BE_TRACKED", "pycore_gc.h", "libpython.so"),
				  C("tuple_concat", "Objects/tupleobject.c", "libpython.so"));
	struct stack hidden = STACK(C("tuple_concat", "Objects/tupleobject.c", "libpython.so"));
	assert_site(seen, "c:tuple_concat@tupleobject.c");
	assert_site(hidden, "c:tuple_concat@tupleobject.c");
	assert_site(STACK(C("run.isra.0", "a.c", "a.so")), "c:run@a.c");
}

static void a_header_with_code_of_its_own_is_a_site(void **state)
{
	(void)state;
	assert_site(STACK(C("fastsearch", "stringlib/fastsearch.h", "libpython.so"),
			  C("PyObject_Vectorcall", "Objects/call.c", "libpython.so")),
		    "c:fastsearch@fastsearch.h");
}

static void a_function_of_a_packages_own_header_is_a_site(void **state)
{
	(void)state;
	/* two bugs below one function are two, one bug below two functions is one */
	assert_site(STACK(C("table_put", "/pkg/multi/src/lib/table.h", "multi.so"),
			  C("multi_add", "/pkg/multi/src/multi.c", "multi.so")),
		    "c:table_put@table.h");
	assert_site(STACK(C("Py_INCREF", "/opt/py/include/python3.14t/refcount.h", "multi.so"),
			  C("count_call", "/pkg/multi/src/lib/table.h", "multi.so"),
			  C("multi_add", "/pkg/multi/src/multi.c", "multi.so")),
		    "c:count_call@table.h");
	assert_site(STACK(CXX("table::Table::put(int)", "/pkg/multi/src/table.hpp", "multi.so"),
			  CXX("add(int)", "/pkg/multi/src/multi.cpp", "multi.so")),
		    "c:table::Table::put(int)@table.hpp");
}

static void what_a_module_borrows_is_its_own_functions(void **state)
{
	(void)state;
	static const struct frame borrowed[] = {
		C("PyList_GET_SIZE", "/opt/py/include/python3.14t/cpython/listobject.h", "m.so"),
		C("_PyObject_GC_TRACK", "/src/Include/internal/pycore_gc.h", "m.so"),
		C("PyWeakref_GetRef", "/pkg/m/src/pythoncapi_compat.h", "m.so"),
		C("PyArray_DATA", "/tmp/env/site-packages/numpy/include/ndarraytypes.h", "m.so"),
		C("fgetc_unlocked", "/usr/include/bits/stdio.h", "m.so"),
		CXX("pybind11::handle::inc_ref() const", "/pkg/m/src/extern/pybind11/pytypes.h",
		    "m.so"),
		CXX("nanobind::detail::inst_new()", "/site-packages/nanobind/src/nb_type.cpp",
		    "m.so"),
		CXX("core::ptr::write", "/rustc/abc/library/core/src/ptr/mod.rs", "m.so"),
		CXX("hashbrown::raw::insert", "/c/registry/src/x/hashbrown-0.15/src/raw.rs",
		    "m.so"),
	};
	for (size_t i = 0; i < sizeof borrowed / sizeof *borrowed; i++) {
		assert_true(plumbing_is_borrowed(&borrowed[i]));
		assert_site(STACK(borrowed[i], C("own", "/pkg/m/src/own.c", "m.so")),
			    "c:own@own.c");
	}
	/* nothing else of the module is there */
	assert_site(STACK(borrowed[0], C("PyObject_Vectorcall", "Objects/call.c", "libpython.so")),
		    "c:PyList_GET_SIZE@listobject.h");
	static const struct frame own[] = {
		C("Pyramid_build", "/pkg/m/src/pyramid.h", "m.so"),
		C("pybuf_take", "/pkg/m/src/Include/pybuf.h", "m.so"),
		CXX("m::take(int)", "/pkg/m/src/include/m/take.h", "m.so"),
		C("own", "/pkg/m/src/own.c", "m.so"),
	};
	for (size_t i = 0; i < sizeof own / sizeof *own; i++)
		assert_false(plumbing_is_borrowed(&own[i]));
}

static void no_stack_is_a_question_mark(void **state)
{
	(void)state;
	assert_site((struct stack){ 0 }, "?");
}

static void assert_same(char *a, char *b, bool same)
{
	if (same)
		assert_string_equal(a, b);
	else
		assert_string_not_equal(a, b);
	free(a);
	free(b);
}

static void neither_side_comes_first(void **state)
{
	(void)state;
	const char *ab[] = { "a", "b" }, *ba[] = { "b", "a" }, *aa[] = { "a", "a" }, *a[] = { "a" };
	assert_same(fingerprint(FINDING_DATA_RACE, ab, 2), fingerprint(FINDING_DATA_RACE, ba, 2),
		    true);
	assert_same(fingerprint(FINDING_DATA_RACE, aa, 2), fingerprint(FINDING_DATA_RACE, a, 1),
		    true);
	assert_same(fingerprint(FINDING_DATA_RACE, ab, 2), fingerprint(FINDING_DATA_RACE, a, 1),
		    false);
	assert_same(fingerprint(FINDING_DATA_RACE, a, 1), fingerprint(FINDING_HANG, a, 1), false);
}

static void the_name_is_the_kind_and_twelve_digits_for_ever(void **state)
{
	(void)state;
	const char *parts[] = { "c:list_resize@listobject.c", "py:f@a/b.py" };
	char *id = fingerprint(FINDING_DATA_RACE, parts, 2);
	/* a store of last year has it: do not change it */
	assert_string_equal(id, "data-race-1aa0499db40f");
	free(id);
}

static void a_globals_name_is_the_same_in_every_build(void **state)
{
	(void)state;
	static const char *const cases[][2] = {
		{ "g_time", "g_time" },
		{ "counter.0", "counter" },
		{ "run.counter", "run.counter" },
		{ "run.counter.12", "run.counter" },
		{ "run.llvm", "run.llvm" },
		{ "g_time.llvm.4567", "g_time" },
		{ "counter.3.llvm.4567", "counter" },
		{ "table.lto_priv.0.lto_priv.1", "table" },
		{ "table.__uniq.1234567.llvm.4567", "table" },
		{ "ns::f(int)::counter", "ns::f(int)::counter" },
		{ "(anonymous namespace)::counter (.llvm.4567)", "(anonymous namespace)::counter" },
		{ "version2.5", "version2" },
		{ ".5", ".5" },
		{ "7", "7" },
		{ "", "" },
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		char *name = global_text(cases[i][0]);
		assert_string_equal(name, cases[i][1]);
		free(name);
	}
}

static void the_interpreters_sites_are_its_own(void **state)
{
	(void)state;
	assert_true(site_is_base(&STACK(C("f", "f.c", "libpython3.14t.so.1.0"))));
	assert_true(site_is_base(&STACK(C("f", "f.c", "python3.14t"))));
	assert_true(site_is_base(&STACK(PYTHON("f", "/opt/site/f.py"))));
	assert_true(site_is_base(&STACK(C("f", "f.c", "libc.so.6"))));
	assert_false(
		site_is_base(&STACK(C("memcpy", NULL, "libc.so.6"), C("f", "f.c", "pythonnet.so"),
				    C("g", "g.c", "libpython3.14t.so.1.0"))));
	assert_false(site_is_base(&STACK(CYTHON("f", "m.pyx", "m.so"))));
	assert_false(site_is_base(&(struct stack){ 0 }));
}

static void a_crash_is_its_signal_and_three_frames(void **state)
{
	(void)state;
	struct stack near =
		STACK(C("a", "x.c", "x.so"), C("_PyEval_Vector", "c.c", "libpython.so"),
		      C("b", "x.c", "x.so"), C("c", "x.c", "x.so"), C("d", "x.c", "x.so"));
	struct stack same = STACK(C("a", "x.c", "x.so"), C("b", "x.c", "x.so"),
				  C("c", "x.c", "x.so"), C("e", "x.c", "x.so"));
	struct stack other =
		STACK(C("a", "x.c", "x.so"), C("b", "x.c", "x.so"), C("e", "x.c", "x.so"));
	near.frames[1].plumbing = true;
	assert_same(fingerprint_crash("SIGSEGV", NULL, &near, &roots),
		    fingerprint_crash("SIGSEGV", NULL, &same, &roots), true);
	assert_same(fingerprint_crash("SIGSEGV", NULL, &near, &roots),
		    fingerprint_crash("SIGSEGV", NULL, &other, &roots), false);
	assert_same(fingerprint_crash("SIGSEGV", NULL, &near, &roots),
		    fingerprint_crash("SIGABRT", NULL, &near, &roots), false);
}

static void two_fatal_errors_are_two_crashes(void **state)
{
	(void)state;
	struct stack stack = STACK(C("fatal_error_exit", "pylifecycle.c", "libpython.so"),
				   C("fatal_error", "pylifecycle.c", "libpython.so"),
				   C("_Py_FatalErrorFunc", "pylifecycle.c", "libpython.so"),
				   C("take", "pool.c", "pool.so"));
	struct stack other = STACK(C("fatal_error_exit", "pylifecycle.c", "libpython.so"),
				   C("fatal_error", "pylifecycle.c", "libpython.so"),
				   C("_Py_FatalErrorFunc", "pylifecycle.c", "libpython.so"),
				   C("give", "pool.c", "pool.so"));
	const char *gone = "Fatal Python error: take: pool 0x7f12 is gone after 17 uses";
	const char *again = "Fatal Python error: take: pool 0x55d0aa is gone after 4 uses";
	const char *closed = "Fatal Python error: take: queue is closed";
	assert_same(fingerprint_crash("SIGABRT", gone, &stack, &roots),
		    fingerprint_crash("SIGABRT", closed, &stack, &roots), false);
	assert_same(fingerprint_crash("SIGABRT", gone, &stack, &roots),
		    fingerprint_crash("SIGABRT", again, &stack, &roots), true);
	assert_same(fingerprint_crash("SIGABRT", gone, &stack, &roots),
		    fingerprint_crash("SIGABRT", gone, &other, &roots), false);
}

static void an_assertion_that_fails_is_one_crash_whoever_came_there(void **state)
{
	(void)state;
	struct stack stack = STACK(C("swap", "pool.c", "pool.so"), C("take", "pool.c", "pool.so"));
	struct stack other = STACK(C("swap", "pool.c", "pool.so"), C("give", "pool.c", "pool.so"));
	const char *message = "src/pool.c:12: swap: Assertion `n > 0' failed.";
	const char *second = "src/pool.c:14: swap: Assertion `n < 9' failed.";
	assert_same(fingerprint_crash("SIGABRT", message, &stack, &roots),
		    fingerprint_crash("SIGABRT", message, &other, &roots), true);
	assert_same(fingerprint_crash("SIGABRT", message, &stack, &roots),
		    fingerprint_crash("SIGABRT", second, &stack, &roots), false);
}

static void two_fatal_errors_without_a_stack_are_two_crashes(void **state)
{
	(void)state;
	char *tests[] = { (char *)"t.py::a[1]" };
	struct finding a = { .kind = FINDING_CRASH,
			     .title = (char *)"SIGABRT in a",
			     .message = (char *)"Fatal Python error: one 12",
			     .tests = tests,
			     .test_count = 1 };
	struct finding b = a, c = a;
	b.message = (char *)"Fatal Python error: two 12";
	c.message = (char *)"Fatal Python error: one 13";
	assert_same(fingerprint_finding(&a, &roots), fingerprint_finding(&b, &roots), false);
	assert_same(fingerprint_finding(&a, &roots), fingerprint_finding(&c, &roots), true);
}

static void a_crash_without_a_stack_is_its_test(void **state)
{
	(void)state;
	char *tests[] = { (char *)"t.py::a[1]" }, *others[] = { (char *)"t.py::b" };
	struct finding a = { .kind = FINDING_CRASH,
			     .title = (char *)"a calls os._exit(3)",
			     .tests = tests,
			     .test_count = 1 };
	struct finding b = a;
	b.tests = others;
	assert_same(fingerprint_finding(&a, &roots), fingerprint_finding(&a, &roots), true);
	assert_same(fingerprint_finding(&a, &roots), fingerprint_finding(&b, &roots), false);
}

/* The facts that ids are made of are fields: no word of a title counts, and the ids are those that
 * stores have. */
static void facts_of_an_id_are_no_words_of_its_title(void **state)
{
	(void)state;
	char *tests[] = { (char *)"t.py::test_SIGINT" };
	struct participant side = { .role = (char *)"crashed here",
				    .stack = STACK(C("take", "pool.c", "pool.so")) };
	struct finding crash = { .kind = FINDING_CRASH,
				 .title = (char *)"test_SIGINT calls os._exit(3)",
				 .tests = tests,
				 .test_count = 1,
				 .participants = &side,
				 .participant_count = 1 };
	assert_same(fingerprint_finding(&crash, &roots),
		    fingerprint_crash("", NULL, &side.stack, &roots), true);
	crash.signal = (char *)"SIGSEGV";
	assert_same(fingerprint_finding(&crash, &roots),
		    fingerprint_crash("SIGSEGV", NULL, &side.stack, &roots), true);
	crash.kind = FINDING_TEST_FAILURE;
	crash.exception = (char *)"KeyError";
	const char *kept = "t.py::test_SIGINT\n KeyError";
	assert_same(fingerprint_finding(&crash, &roots),
		    fingerprint(FINDING_TEST_FAILURE, &kept, 1), true);
}

static void a_hang_is_where_its_threads_wait(void **state)
{
	(void)state;
	struct participant one = { .stack = STACK(C("pthread_cond_wait", NULL, "libc.so.6"),
						  C("PyMutex_LockTimed", "lock.c", "libpython.so"),
						  PYTHON("Pool.take", "/opt/site/pool.py")) };
	struct participant two = { .stack = STACK(C("read_block", "io.c", "ext.so")) };
	struct participant ab[] = { one, two }, baa[] = { two, one, one };
	assert_same(fingerprint_hang(FINDING_HANG, ab, 2, &roots),
		    fingerprint_hang(FINDING_HANG, baa, 3, &roots), true);
	assert_same(fingerprint_hang(FINDING_HANG, ab, 2, &roots),
		    fingerprint_hang(FINDING_HANG, ab, 1, &roots), false);
}

static void parameters_of_a_test_do_not_count(void **state)
{
	(void)state;
	assert_same(fingerprint_test_failure("t.py::f[1]", "ValueError"),
		    fingerprint_test_failure("t.py::f[2-x[0]]", "ValueError"), true);
	assert_same(fingerprint_test_failure("t.py::f", "ValueError"),
		    fingerprint_test_failure("t.py::f", "KeyError"), false);
	assert_same(fingerprint_out_of_memory("t.py::f[1]"),
		    fingerprint_out_of_memory("t.py::f[2]"), true);
	char *tests[] = { (char *)"t.py::f[7]" };
	struct finding failure = { .kind = FINDING_TEST_FAILURE,
				   .tests = tests,
				   .test_count = 1,
				   .title = (char *)"f[7] fails in threads: one",
				   .exception = (char *)"ValueError" };
	struct finding other = failure;
	other.exception = (char *)"KeyError";
	assert_same(fingerprint_finding(&failure, &roots), fingerprint_finding(&other, &roots),
		    false);
}

static void cython_names_become_the_users(void **state)
{
	(void)state;
	static const struct {
		const char *c, *module, *name;
	} cases[] = {
		{ "__pyx_pf_5numpy_6random_8_mt19937_7MT19937_2_legacy_seeding", "_mt19937.pyx.c",
		  "MT19937._legacy_seeding" },
		{ "__pyx_pf_5numpy_6random_8_mt19937_7MT19937_5state___get__", "_mt19937.pyx",
		  "MT19937.state.__get__" },
		{ "__pyx_pf_5numpy_6random_8_mt19937_7MT19937___init__",
		  "_mt19937.cpython-314t-x86_64-linux-gnu.so", "MT19937.__init__" },
		{ "__pyx_f_5numpy_6random_7_common_double_fill", "_common.pyx", "double_fill" },
		{ "__pyx_f_5numpy_6random_7_common_double_fill", "_mt19937.pyx",
		  "numpy.random._common.double_fill" },
		{ "__pyx_pf_3mod_10__pyx_unpickle", "mod.pyx", "__pyx_unpickle" },
		{ "__pyx_pf_3mod_8function_inner.isra.0", "mod.pyx", "function.inner" },
		{ "__pyx_gb_3mod_4walk_2generator", "mod.pyx", "walk.generator" },
		{ "__pyx_tp_dealloc_3mod_Thing", "mod.pyx", "Thing.__dealloc__" },
		{ "__pyx_pw_3mod_4f", "mod.pyx", NULL },
		{ "__Pyx_PyObject_GetAttrStr", "mod.pyx", NULL },
		{ "mt19937_seed", "mod.pyx", NULL },
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		char *name = cython_demangle(cases[i].c, cases[i].module);
		if (cases[i].name)
			assert_string_equal(name, cases[i].name);
		else
			assert_null(name);
		free(name);
	}
}

static void a_title_names_the_writer_first_and_no_address(void **state)
{
	(void)state;
	struct participant sides[] = {
		{ .thread = (char *)"Thread T1",
		  .address = 0x7f0000,
		  .size = 4,
		  .stack = STACK(
			  CYTHON("MT19937.state.__get__", "numpy/random/_mt19937.pyx", "m.so")) },
		{ .thread = (char *)"Thread T2",
		  .write = true,
		  .address = 0x7f0000,
		  .size = 4,
		  .stack = STACK(
			  C("mt19937_seed", "mt19937.c", "m.so"),
			  CYTHON("MT19937._legacy_seeding", "numpy/random/_mt19937.pyx", "m.so")) },
	};
	sides[1].stack.frames[1].line = 186;
	struct finding race = { .kind = FINDING_DATA_RACE,
				.participants = sides,
				.participant_count = 2 };
	char *title = explain_title(&race, NULL, &roots);
	assert_string_equal(title, "MT19937._legacy_seeding writes while "
				   "MT19937.state.__get__ reads (numpy/random/_mt19937.pyx:186)");
	free(title);
}

static char *title_on(const char *global)
{
	struct participant sides[] = {
		{ .stack = STACK(C("FIO_display", "fileio.c", "zstd.so")) },
		{ .write = true, .stack = STACK(C("FIO_start", "fileio.c", "zstd.so")) },
	};
	struct finding race = { .kind = FINDING_DATA_RACE,
				.participants = sides,
				.participant_count = 2,
				.subject = { .global = (char *)global } };
	return explain_title(&race, NULL, &roots);
}

static void a_title_starts_with_the_global_variable(void **state)
{
	(void)state;
	char *title = title_on("g_time");
	assert_string_equal(title, "g_time: FIO_start writes while FIO_display reads (fileio.c:1)");
	free(title);
	title = title_on("ns::Pool<std::vector<std::pair<int, std::string>>, ns::Allocator<char>>::"
			 "grow(unsigned long)::calls");
	assert_string_equal(title,
			    "...nt, std::string>>, ns::Allocator<char>>::grow(unsigned "
			    "long)::calls: FIO_start writes while FIO_display reads (fileio.c:1)");
	free(title);
	title = title_on("ns::\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9"
			 "::f(std::vector<std::pair<int, std::string>>, unsigned)::calls");
	assert_string_equal(
		title, "...\u00e9\u00e9::f(std::vector<std::pair<int, std::string>>, "
		       "unsigned)::calls: FIO_start writes while FIO_display reads (fileio.c:1)");
	free(title);
}

static void a_type_that_its_first_user_makes_ready_is_told_what_is_missing(void **state)
{
	(void)state;
	struct participant sides[] = {
		{ .thread = (char *)"Thread T1",
		  .stack = STACK(C("lookup_tp_dict", "Objects/typeobject.c", "libpython.so")) },
		{ .thread = (char *)"Thread T2",
		  .write = true,
		  .stack = STACK(C("set_tp_dict", "Objects/typeobject.c", "libpython.so"),
				 C("PyType_Ready", "Objects/typeobject.c", "libpython.so")) },
	};
	struct finding race = { .kind = FINDING_DATA_RACE,
				.participants = sides,
				.participant_count = 2,
				.subject = { .kind = SUBJECT_GLOBAL,
					     .type = (char *)"stamp_type" } };
	char *text = explain_text(&race, NULL, &roots);
	assert_non_null(strstr(text, "call PyType_Ready() for it when the module is imported"));
	free(text);
	race.subject.kind = SUBJECT_OBJECT; /* of a heap type's making: another matter */
	text = explain_text(&race, NULL, &roots);
	assert_null(strstr(text, "when the module is imported"));
	free(text);
}

static void a_title_tells_that_memory_was_freed_in_use(void **state)
{
	(void)state;
	struct participant sides[] = {
		{ .thread = (char *)"Thread T1",
		  .size = 8,
		  .stack = STACK(C("odictiter_new", "Objects/odictobject.c", "libpython.so")) },
		{ .thread = (char *)"Thread T2",
		  .write = true,
		  .size = 8,
		  .stack = STACK(C("mi_block_set_nextx", "mimalloc/internal.h", "libpython.so"),
				 C("mi_free", "mimalloc/alloc.c", "libpython.so"),
				 C("PyObject_Free", "Objects/obmalloc.c", "libpython.so"),
				 C("Py_DECREF", "Include/refcount.h", "libpython.so"),
				 C("odict_dealloc", "Objects/odictobject.c", "libpython.so")) },
	};
	struct finding race = { .kind = FINDING_USE_AFTER_FREE,
				.participants = sides,
				.participant_count = 2 };
	char *title = explain_title(&race, NULL, &roots);
	assert_string_equal(title, "memory is freed by odict_dealloc while odictiter_new reads it "
				   "(Objects/odictobject.c:1)");
	free(title);
	char *text = explain_text(&race, NULL, &roots);
	assert_non_null(
		strstr(text, "Thread T2 freed it in odict_dealloc (Objects/odictobject.c:1)"));
	free(text);
	sides[1].stack = STACK(C("memcpy", NULL, "libclang_rt.tsan-x86_64.so"),
			       C("_mi_heap_realloc_zero", "mimalloc/alloc.c", "libpython.so"),
			       C("PyMem_Realloc", "Objects/obmalloc.c", "libpython.so"),
			       C("buffer_grow", "buffer.c", "x.so"));
	sides[1].frees = true;
	title = explain_title(&race, NULL, &roots);
	assert_non_null(
		strstr(title, "memory is moved by buffer_grow while odictiter_new reads it"));
	free(title);
	text = explain_text(&race, NULL, &roots);
	assert_non_null(strstr(text, "Thread T2 moved it in buffer_grow"));
	free(text);
	/* what is copied out of the old block, where no end of it is told */
	sides[1].frees = sides[1].write = false;
	sides[0].write = true;
	sides[0].stack = STACK(C("buffer_put", "buffer.c", "x.so"));
	assert_ptr_equal(memory_freed_in_use(&race), &sides[1]);
}

static void a_use_after_free_says_which_object_made_where_and_freed_where(void **state)
{
	(void)state;
	struct participant sides[] = {
		{ .thread = (char *)"Thread T1",
		  .size = 8,
		  .stack = STACK(C("names_get", "names.c", "names.so")) },
		{ .thread = (char *)"Thread T2",
		  .write = true,
		  .frees = true,
		  .stack = STACK(C("PyObject_Free", "Objects/obmalloc.c", "libpython.so"),
				 C("list_dealloc", "Objects/listobject.c", "libpython.so"),
				 { .language = FRAME_PYTHON,
				   .function = (char *)"drop",
				   .file = (char *)"app/names.py",
				   .line = 7 }) },
	};
	struct finding freed = { .kind = FINDING_USE_AFTER_FREE,
				 .participants = sides,
				 .participant_count = 2,
				 .subject = { .kind = SUBJECT_OBJECT,
					      .type = (char *)"list",
					      .description = (char *)"a list made at app.py:3" } };
	char *title = explain_title(&freed, NULL, &roots);
	assert_string_equal(
		title,
		"a list object is freed by list_dealloc while names_get reads it (names.c:1)");
	free(title);
	char *text = explain_text(&freed, NULL, &roots);
	assert_non_null(strstr(text, "Thread T1 read 8 bytes in names_get (names.c:1): a list made "
				     "at app.py:3. Thread T2 freed it in list_dealloc "
				     "(Objects/listobject.c:1), at app/names.py:7 in drop, and"));
	free(text);
}

static void what_is_used_when_it_is_gone_is_told_so_also_of_one_thread(void **state)
{
	(void)state;
	struct participant sides[] = {
		{ .thread = (char *)"Thread T1",
		  .size = 8,
		  .late = true,
		  .stack = STACK(C("names_get", "names.c", "names.so")) },
		{ .thread = (char *)"Thread T1",
		  .write = true,
		  .frees = true,
		  .stack = STACK(C("PyObject_Free", "Objects/obmalloc.c", "libpython.so"),
				 C("_PyFreeList_Free", "Include/pycore_freelist.h", "libpython.so"),
				 C("list_dealloc", "Objects/listobject.c", "libpython.so")) },
	};
	struct finding freed = { .kind = FINDING_USE_AFTER_FREE,
				 .participants = sides,
				 .participant_count = 2,
				 .subject = { .kind = SUBJECT_OBJECT, .type = (char *)"list" } };
	char *title = explain_title(&freed, NULL, &roots);
	assert_string_equal(
		title, "names_get reads a list object that list_dealloc has freed (names.c:1)");
	free(title);
	char *text = explain_text(&freed, NULL, &roots);
	assert_non_null(strstr(text, "Thread T1 freed it in list_dealloc"));
	assert_non_null(strstr(text, " before, the same thread. "));
	assert_null(strstr(text, "nothing made it wait"));
	assert_null(strstr(text, "held"));
	free(text);
}

static void a_look_at_what_may_be_gone_is_no_race_with_the_allocator(void **state)
{
	(void)state;
	struct participant sides[] = {
		{ .atomic = true,
		  .stack =
			  STACK(C("_Py_IsOwnedByCurrentThread", "Include/object.h", "libpython.so"),
				C("_Py_TryIncrefFast", "Include/object.h", "libpython.so"),
				C("dict_lookup", "Objects/dictobject.c", "libpython.so")) },
		{ .write = true,
		  .stack =
			  STACK(C("_mi_memzero", "mimalloc/internal.h", "libpython.so"),
				C("_mi_page_malloc", "mimalloc/alloc.c", "libpython.so"),
				C("PyBytes_FromString", "Objects/bytesobject.c", "libpython.so")) },
	};
	struct finding race = { .participants = sides, .participant_count = 2 };
	assert_true(memory_is_look(&race));
	sides[0].atomic = false;
	assert_false(memory_is_look(&race));
	sides[0].atomic = true;
	sides[0].stack.frames[1].function = (char *)"dict_get";
	assert_false(memory_is_look(&race));
	sides[0].stack.frames[1].function = (char *)"_Py_TryIncref";
	assert_true(memory_is_look(&race));
	sides[1].stack = STACK(C("box_set", "box.c", "box.so"));
	assert_false(memory_is_look(&race));
}

static void a_wrong_count_says_what_was_done_to_which_object(void **state)
{
	(void)state;
	struct participant sides[] = {
		{ .thread = (char *)"Thread T2",
		  .role = (char *)"drops a reference to an object that is freed",
		  .stack = STACK(C("Py_DECREF", "Include/refcount.h", "box.so"),
				 C("box_end", "box.c", "box.so")) },
		{ .thread = (char *)"Thread T1",
		  .role = (char *)"freed it",
		  .stack = STACK(C("box_clear", "box.c", "box.so")) },
	};
	struct finding wrong = { .kind = FINDING_REFERENCE_COUNT,
				 .participants = sides,
				 .participant_count = 2,
				 .subject = { .kind = SUBJECT_OBJECT,
					      .type = (char *)"list",
					      .description = (char *)"a list made at app.py:3" } };
	char *title = explain_title(&wrong, "reference-count-low", &roots);
	assert_string_equal(title, "a list object: box_end drops a reference to an object that is "
				   "freed (box.c:1)");
	free(title);
	char *text = explain_text(&wrong, "reference-count-low", &roots);
	assert_non_null(strstr(text,
			       "The object: a list made at app.py:3. Thread T2, in box_end "
			       "(box.c:1), drops a reference to an object that is freed. Thread "
			       "T1, in box_clear (box.c:1), freed it."));
	assert_non_null(strstr(text, "may be an earlier one"));
	free(text);
	wrong.pattern = (char *)"plain";
	text = explain_text(&wrong, "reference-count-plain", &roots);
	assert_null(strstr(text, "may be an earlier one"));
	assert_non_null(strstr(text, "Usual fixes: Py_INCREF() and Py_DECREF()"));
	free(text);
}

static void a_leaked_reference_says_to_which_object(void **state)
{
	(void)state;
	struct participant side = {
		.thread = (char *)"Main thread",
		.stack = STACK({ .language = FRAME_PYTHON,
				 .function = (char *)"<module>",
				 .file = (char *)"app/box.py",
				 .line = 7 }),
	};
	struct finding leak = { .kind = FINDING_LEAK,
				.participants = &side,
				.participant_count = 1,
				.pattern = (char *)"reference-growth",
				.variable = (char *)"2\t0\t4\t6",
				.subject = { .kind = SUBJECT_OBJECT, .type = (char *)"list" } };
	char *title = explain_title(&leak, leak.pattern, &roots);
	assert_string_equal(title, "Leak: ever more references to a list object made by <module> "
				   "(app/box.py:7)");
	free(title);
	char *text = explain_text(&leak, leak.pattern, &roots);
	assert_non_null(strstr(text,
			       "There are 2 more references to it with each round of the test "
			       "in 4 threads, and none more with each round in one"));
	free(text);
	leak.pattern = (char *)"reference-growth\tbox.Box";
	title = explain_title(&leak, leak.pattern, &roots);
	assert_string_equal(title, "Leak: ever more references to the type box.Box");
	free(title);
}

static void a_double_free_says_where_the_block_was_freed_before(void **state)
{
	(void)state;
	struct participant sides[] = {
		{ .thread = (char *)"Thread T2",
		  .role = (char *)"frees it again",
		  .stack = STACK(C("PyMem_Free", "Objects/obmalloc.c", "libpython.so"),
				 C("box_close", "box.c", "box.so")) },
		{ .thread = (char *)"Thread T1",
		  .role = (char *)"freed it before",
		  .stack =
			  STACK(C("box_dealloc", "box.c", "box.so"), { .language = FRAME_PYTHON,
								       .function = (char *)"drop",
								       .file = (char *)"app/box.py",
								       .line = 7 }) },
	};
	struct finding twice = { .kind = FINDING_DOUBLE_FREE,
				 .participants = sides,
				 .participant_count = 2,
				 .subject = { .kind = SUBJECT_OBJECT, .type = (char *)"box.Box" } };
	char *title = explain_title(&twice, "double-free", &roots);
	assert_string_equal(title, "a box.Box object is freed again by box_close (box.c:1)");
	free(title);
	char *text = explain_text(&twice, "double-free", &roots);
	assert_non_null(strstr(text,
			       "Thread T1 freed it in box_dealloc (box.c:1), at app/box.py:7 in "
			       "drop, then Thread T2 freed it in box_close (box.c:1)"));
	free(text);
	twice.kind = FINDING_BAD_FREE;
	sides[0].role = (char *)"calls PyMem_Free() for a block of malloc()";
	title = explain_title(&twice, "bad-free", &roots);
	assert_string_equal(title,
			    "box_close calls PyMem_Free() for a block of malloc() (box.c:1)");
	free(title);
}

static void the_c_librarys_free_ends_memory_too(void **state)
{
	(void)state;
	struct participant sides[] = {
		{ .stack = STACK(C("___interceptor_free", NULL, "libclang_rt.tsan-x86_64.so"),
				 C("box_dealloc", "box.c", "x.so")),
		  .write = true },
		{ .stack = STACK(C("box_get", "box.c", "x.so")) },
	};
	struct finding race = { .participants = sides, .participant_count = 2 };
	assert_ptr_equal(memory_freed_in_use(&race), &sides[0]);
	sides[0].stack.frames[0].function = (char *)"___interceptor_malloc";
	assert_null(memory_freed_in_use(&race));
	sides[0].stack.frames[0].function = (char *)"free";
	assert_null(memory_freed_in_use(&race));
}

static void what_realloc_writes_is_new_memory_and_no_end_of_any(void **state)
{
	(void)state;
	struct participant sides[] = {
		{ .stack = STACK(C("descr_get_qualname", "descrobject.c", "libpython.so")) },
		{ .write = true,
		  .stack = STACK(C("memcpy", NULL, "libclang_rt.tsan-x86_64.so"),
				 C("PyObject_Realloc", "Objects/obmalloc.c", "libpython.so"),
				 C("resize_compact", "unicodeobject.c", "libpython.so")) },
	};
	struct finding race = { .kind = FINDING_DATA_RACE,
				.participants = sides,
				.participant_count = 2 };
	assert_null(memory_freed_in_use(&race));
	assert_true(memory_is_making(&sides[1]));
	sides[1].frees = true;
	assert_false(memory_is_making(&sides[1]));
}

static void of_a_block_with_a_free_list_nobody_knows_who_made_it(void **state)
{
	(void)state;
	struct stack keys = STACK(C("new_keys_object", "Objects/dictobject.c", "libpython.so"),
				  { .language = FRAME_PYTHON, .function = (char *)"f" });
	struct stack items =
		STACK(C("list_resize", "Objects/listobject.c", "libpython.so"),
		      { .language = FRAME_PYTHON, .function = (char *)"new_keys_object" });
	assert_true(memory_is_recycled(&keys));
	assert_false(memory_is_recycled(&items));
}

static void not_all_that_the_allocator_touches_was_in_use(void **state)
{
	(void)state;
	static const char *const given[] = { "_mi_page_malloc", "mi_page_free_list_extend" };
	struct participant sides[] = {
		{ .stack = STACK(C("get", "x.c", "x.so")) },
		{ .write = true, .stack = STACK(C("?", "mimalloc/page.c", "libpython.so")) },
	};
	struct finding race = { .kind = FINDING_DATA_RACE,
				.participants = sides,
				.participant_count = 2 };
	for (size_t i = 0; i < sizeof given / sizeof *given; i++) {
		sides[1].stack.frames[0].function = (char *)given[i];
		assert_null(memory_freed_in_use(&race));
	}
	sides[1].stack.frames[0].function = (char *)"mi_free";
	assert_ptr_equal(memory_freed_in_use(&race), &sides[1]);
	/* a look at what may be gone; a mi_free of the extension's own */
	sides[0].stack = STACK(C("_Py_TryIncrefFast", "pycore_object.h", "libpython.so"),
			       C("list_get_item_ref", "listobject.c", "libpython.so"));
	assert_null(memory_freed_in_use(&race));
	sides[0].stack = STACK(C("get", "x.c", "x.so"));
	sides[1].stack.frames[0].module = (char *)"x.so";
	assert_null(memory_freed_in_use(&race));
}

static void the_explanation_tells_which_locks_were_held(void **state)
{
	(void)state;
	struct held_lock lock = { .name = (char *)"M12", .address = 0x7f00, .numbered = true };
	struct participant sides[] = {
		{ .thread = (char *)"Thread T1",
		  .write = true,
		  .size = 4,
		  .locks = &lock,
		  .lock_count = 1,
		  .stack = STACK(C("f", "f.c", "m.so")) },
		{ .thread = (char *)"Thread T2", .size = 4, .stack = STACK(C("g", "g.c", "m.so")) },
	};
	struct finding race = { .kind = FINDING_DATA_RACE,
				.participants = sides,
				.participant_count = 2 };
	char *text = explain_text(&race, NULL, &roots);
	assert_non_null(strstr(text, "Thread T1 wrote 4 bytes in f (f.c:1)"));
	assert_non_null(strstr(text, "Thread T1 held the mutex M12; Thread T2 held none"));
	free(text);
	sides[0].all_locks = sides[1].all_locks = true;
	lock = (struct held_lock){ .name = (char *)"critical section of a dict" };
	text = explain_text(&race, NULL, &roots);
	assert_non_null(strstr(text, "Thread T1 held the critical section of a dict; Thread T2 "
				     "held no lock: a lock protects only if both sides"));
	free(text);
	sides[0].lock_count = 0;
	text = explain_text(&race, NULL, &roots);
	assert_non_null(strstr(text, "Neither thread held a lock of any kind."));
	free(text);
}

static void every_kind_has_title_and_explanation(void **state)
{
	(void)state;
	for (int kind = 0; kind < FINDING_KINDS; kind++) {
		struct finding finding = { .kind = (enum finding_kind)kind };
		char *title = explain_title(&finding, NULL, &roots);
		char *text = explain_text(&finding, NULL, &roots);
		assert_true(strlen(title) > 3);
		assert_true(strlen(text) > 40);
		assert_int_equal(finding_kind_parse(finding_kind_name(finding.kind)), kind);
		free(title);
		free(text);
	}
	assert_int_equal(finding_kind_parse("race"), -1);
}

static void plumbing_is_what_carries_calls(void **state)
{
	(void)state;
	static const struct frame carry[] = {
		C("_PyEval_EvalFrameDefault", "ceval.c", "libpython.so"),
		C("PyObject_Vectorcall", "call.c", "libpython.so"),
		C("slot_tp_call", "typeobject.c", "libpython.so"),
		C("thread_run", "_threadmodule.c", "libpython.so"),
		C("pthread_create", "threads.c", "libftstress.so"),
		C("clone3", NULL, "libc.so.6"),
		PYTHON("Thread._bootstrap_inner", "/lib/python3.14t/threading.py"),
		PYTHON("pytest_pyfunc_call", "/site/_pytest/python.py"),
		PYTHON("run", "/x/ftstress_driver/pool.py"),
	};
	static const struct frame tell[] = {
		C("list_resize", "listobject.c", "libpython.so"),
		CYTHON("MT19937.state.__get__", "_mt19937.pyx", "m.so"),
		PYTHON("Condition.wait", "/lib/python3.14t/threading.py"),
		PYTHON("test_x", "/site/numpy/tests/test_x.py"),
	};
	for (size_t i = 0; i < sizeof carry / sizeof *carry; i++)
		assert_true(plumbing_is(&carry[i]));
	for (size_t i = 0; i < sizeof tell / sizeof *tell; i++)
		assert_false(plumbing_is(&tell[i]));
}

/* "ab": one frame each, the innermost first. Capitals are plumbing, digits the interpreter's. */
static struct stack stack_like(const char *letters)
{
	struct stack stack = { calloc(8, sizeof *stack.frames), strlen(letters) };
	for (size_t i = 0; letters[i]; i++) {
		stack.frames[i].function = strndup(&letters[i], 1);
		stack.frames[i].plumbing = isupper(letters[i]);
		if (isdigit(letters[i]))
			stack.frames[i].module = strdup("libpython3.14t.so.1.0");
		stack.frames[i].language = FRAME_C;
	}
	return stack;
}

static void check_cut(const char *letters, bool all, const char *rest)
{
	struct stack stack = stack_like(letters);
	plumbing_cut(&stack, all);
	assert_int_equal(stack.count, strlen(rest));
	for (size_t i = 0; i < stack.count; i++)
		assert_int_equal(*stack.frames[i].function, rest[i]);
	stack_clear(&stack);
}

static void how_every_test_begins_is_cut_off(void **state)
{
	(void)state;
	check_cut("aBcDE", true, "aBc");
	check_cut("aBc", false, "aBc");
	check_cut("Ab", false, "Ab");
	check_cut("1Aa2B", true, "1Aa");
	check_cut("ABC", true, "ABC"); /* a thread that waits in the interpreter */
	check_cut("AB1C", false, "");  /* one that the driver started */
	check_cut("", false, "");
}

static void a_stack_of_several_greenlets_is_known(void **state)
{
	(void)state;
	struct frame inner = PYTHON("worker", "/x/app.py"), outer = PYTHON("main", "/x/app.py");
	struct frame bootstrap = C("greenlet::UserGreenlet::inner_bootstrap(_greenlet*, _object*)",
				   "TUserGreenlet.cpp", "_greenlet.so");
	struct frame thread = C("thread_run", "_threadmodule.c", "libpython.so");
	struct frame start = PYTHON("Thread._bootstrap", "/lib/python3.14t/threading.py");
	/* The second greenlet's calls stand over the first's. */
	struct frame switched[] = { inner, bootstrap, outer, start, thread };
	assert_true(plumbing_mixes_stacks(&(struct stack){ switched, 5 }));
	/* What greenlet does itself is of one stack. */
	struct frame itself[] = { bootstrap, outer, start, thread };
	assert_false(plumbing_mixes_stacks(&(struct stack){ itself, 4 }));
	/* A thread's beginning under calls of another stack: of whatever switched. */
	struct frame over[] = { inner, start, thread, outer };
	assert_true(plumbing_mixes_stacks(&(struct stack){ over, 4 }));
	struct frame plain[] = { inner, outer, start, thread };
	assert_false(plumbing_mixes_stacks(&(struct stack){ plain, 4 }));
	assert_false(plumbing_mixes_stacks(&(struct stack){ NULL, 0 }));
	/* The finding says so. */
	struct participant sides[] = {
		{ .thread = "Thread T1", .write = true, .size = 8, .stack = { switched, 5 } },
		{ .thread = "Thread T2", .size = 8, .stack = { plain, 4 } },
	};
	struct finding finding = { .kind = FINDING_DATA_RACE,
				   .participants = sides,
				   .participant_count = 2 };
	struct roots none = { 0 };
	char *text = explain_text(&finding, NULL, &none);
	assert_non_null(
		strstr(text, "The first stack is of several greenlets, one on top of the other"));
	free(text);
	sides[0].stack = (struct stack){ plain, 4 };
	text = explain_text(&finding, NULL, &none);
	assert_null(strstr(text, "greenlet"));
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(helpers_are_skipped),
		cmocka_unit_test(a_function_named_like_a_helper_is_none),
		cmocka_unit_test(the_cython_function_above_its_own_c_is_the_site),
		cmocka_unit_test(a_cython_site_is_the_modules_whatever_file_the_line_is_in),
		cmocka_unit_test(another_modules_cython_function_is_not_the_site),
		cmocka_unit_test(an_access_of_the_eval_loop_is_the_python_functions),
		cmocka_unit_test(inlining_does_not_change_the_site),
		cmocka_unit_test(a_header_with_code_of_its_own_is_a_site),
		cmocka_unit_test(a_function_of_a_packages_own_header_is_a_site),
		cmocka_unit_test(what_a_module_borrows_is_its_own_functions),
		cmocka_unit_test(no_stack_is_a_question_mark),
		cmocka_unit_test(neither_side_comes_first),
		cmocka_unit_test(the_name_is_the_kind_and_twelve_digits_for_ever),
		cmocka_unit_test(a_globals_name_is_the_same_in_every_build),
		cmocka_unit_test(the_interpreters_sites_are_its_own),
		cmocka_unit_test(a_crash_is_its_signal_and_three_frames),
		cmocka_unit_test(two_fatal_errors_are_two_crashes),
		cmocka_unit_test(an_assertion_that_fails_is_one_crash_whoever_came_there),
		cmocka_unit_test(two_fatal_errors_without_a_stack_are_two_crashes),
		cmocka_unit_test(a_crash_without_a_stack_is_its_test),
		cmocka_unit_test(facts_of_an_id_are_no_words_of_its_title),
		cmocka_unit_test(a_hang_is_where_its_threads_wait),
		cmocka_unit_test(parameters_of_a_test_do_not_count),
		cmocka_unit_test(cython_names_become_the_users),
		cmocka_unit_test(a_title_names_the_writer_first_and_no_address),
		cmocka_unit_test(a_title_starts_with_the_global_variable),
		cmocka_unit_test(a_type_that_its_first_user_makes_ready_is_told_what_is_missing),
		cmocka_unit_test(a_title_tells_that_memory_was_freed_in_use),
		cmocka_unit_test(a_use_after_free_says_which_object_made_where_and_freed_where),
		cmocka_unit_test(the_c_librarys_free_ends_memory_too),
		cmocka_unit_test(a_leaked_reference_says_to_which_object),
		cmocka_unit_test(a_double_free_says_where_the_block_was_freed_before),
		cmocka_unit_test(a_wrong_count_says_what_was_done_to_which_object),
		cmocka_unit_test(what_is_used_when_it_is_gone_is_told_so_also_of_one_thread),
		cmocka_unit_test(a_look_at_what_may_be_gone_is_no_race_with_the_allocator),
		cmocka_unit_test(what_realloc_writes_is_new_memory_and_no_end_of_any),
		cmocka_unit_test(of_a_block_with_a_free_list_nobody_knows_who_made_it),
		cmocka_unit_test(not_all_that_the_allocator_touches_was_in_use),
		cmocka_unit_test(the_explanation_tells_which_locks_were_held),
		cmocka_unit_test(every_kind_has_title_and_explanation),
		cmocka_unit_test(plumbing_is_what_carries_calls),
		cmocka_unit_test(how_every_test_begins_is_cut_off),
		cmocka_unit_test(a_stack_of_several_greenlets_is_known),
	};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
