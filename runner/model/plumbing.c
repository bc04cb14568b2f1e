/*
 * plumbing.c - see plumbing.h. In the lists, a name that ends in '*' stands for all that begin so.
 */
#include "runner/model/plumbing.h"

#include <stddef.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* clang-format off */
/* How the interpreter gets from one function to the next, and a thread to its first. */
static const char *const call_machinery[] = {
	"_PyEval_*", "PyEval_*", "_PyObject_Vectorcall*", "PyObject_Vectorcall*",
	"_PyObject_VectorcallTstate", "PyVectorcall_*", "_PyVectorcall_*", "PyObject_Call*",
	"_PyObject_Call*", "_PyObject_MakeTpCall", "_PyObject_FastCall*", "object_vacall",
	"callmethod", "_PyFunction_Vectorcall", "_PyStack_*", "_PyCFunction_*",
	"method_vectorcall*", "vectorcall_*", "cfunction_*", "method_vectorcall", "method_call",
	"slot_tp_*", "slot_nb_*", "slot_sq_*", "slot_mp_*", "slot_am_*", "_PyObject_LookupSpecial*",
	"type_call", "type_vectorcall", "wrapperdescr_*", "wrapper_call", "wrap_*",
	"context_run", "partial_vectorcall", "partial_call", "classmethod_call", "instancemethod_*",
	"_Py_CheckFunctionResult", "_PyOnceFlag_*", "builtin_exec*", "builtin_eval*",
	"gen_send_ex*", "_PyGen_*", "PyIter_Next", "PyIter_Send", "_PyIter_*",
	"thread_run", "thread_PyThread_start_*", "pythread_wrapper", "run_mod",
	"run_eval_code_obj", "pyrun_*", "_PyRun_*", "PyRun_*", "pymain_*", "Py_RunMain",
	"Py_BytesMain", "_Py_trampoline*", "import_find_and_load", "PyImport_Import*",
	"exec_code_in_module", "_PyObject_GenericGetAttrWithDict", "PyObject_GenericGetAttr",
	"_PyEntryTramp*", "PyThread_start_*", "ThreadHandle_start", "do_start_new_thread",
	"do_start_joinable_thread", "PyThread_init_thread",
	/* operators and attributes that lead to a type's slot */
	"PyObject_GetAttr*", "PyObject_SetAttr*", "_PyObject_GetMethod*", "PyObject_GetItem",
	"PyObject_SetItem", "PyObject_DelItem", "getset_get", "getset_set", "member_get",
	"PyNumber_*", "binary_op*", "binary_iop*", "ternary_op", "PyObject_RichCompare*",
	"do_richcompare", "PyObject_Str", "PyObject_Repr", "PyObject_Hash", "PyObject_IsTrue",
};

/* What stands at the bottom of every thread's stack. */
static const char *const process_start[] = {
	"_start", "__libc_start_main*", "__libc_start_call_main", "start_thread", "clone", "clone3",
	"__clone*", "main", "asan_thread_start", "__tsan_thread_start_func",
};

static const char *const runtime[] = {
	"__tsan_*", "__tsan::*", "__sanitizer*", "__interceptor_*", "___interceptor_*",
	"ftstress_*",
};

static const char *const runtime_modules[] = {
	"libclang_rt.*", "libtsan.so*", "libftstress.so*",
};

static const char *const library_modules[] = {
	"libc.so*", "libc-*", "libpthread*", "ld-linux*", "linux-vdso*",
};

/* What ctypes calls by. */
static const char *const call_modules[] = {
	"libffi.so*",
};

/* Python files, by a part of their path. */
static const char *const python_files[] = {
	"/ftstress_driver/", "/_pytest/", "/pytest/", "/pluggy/", "/pytest_run_parallel/",
	"/unittest/case.py", "/unittest/suite.py", "/unittest/main.py", "/unittest/runner.py",
	"<frozen runpy>", "<frozen importlib", "<frozen zipimport>", "/runpy.py",
	"/importlib/_bootstrap", "/contextlib.py", "/unittest/async_case.py",
};

/* Of threading.py only the functions that start a thread. */
static const char *const threading_functions[] = {
	"Thread._bootstrap*", "Thread.run", "Thread.start",
};

/*
 * greenlet's functions that switch the thread to another stack. They return when it switches back.
 */
static const char *const switches[] = {
	"greenlet::*", "g_switch*", "g_initialstub", "slp_switch", "green_switch", "green_throw",
};

/* The first C functions of a thread that Python has started. */
static const char *const thread_firsts[] = {
	"thread_run", "pythread_wrapper",
};

static const char *const helpers[] = {
	/* reference counts */
	"Py_INCREF", "Py_DECREF*", "Py_XINCREF", "Py_XDECREF", "Py_IncRef", "Py_DecRef",
	"Py_REFCNT",
	"_Py_INCREF*", "_Py_DECREF*", "Py_NewRef", "Py_XNewRef", "_Py_NewRef", "_Py_XNewRef",
	"_Py_TryIncref*", "_Py_TryXGetRef", "_Py_TryIncRef*", "_Py_XGetRef", "_Py_DecRefShared*",
	"_Py_MergeZeroLocalRefcount", "_Py_ExplicitMergeRefcount", "_Py_IncRef*", "_Py_DecRef*",
	"_Py_Dealloc", "Py_SET_REFCNT", "_Py_REF_*", "_Py_IsOwnedByCurrentThread",
	"_Py_IsImmortal*",
	"_PyObject_SetMaybeWeakref", "PyStackRef_*", "_PyStackRef_*", "Py_CLEAR", "Py_SETREF",
	"_Py_ThreadId", "Py_TYPE", "_Py_TYPE", "Py_SIZE", "Py_SET_SIZE", "Py_SET_TYPE",
	"Py_IS_TYPE",
	"_Py_ref_*", "new_reference", "_Py_NewReference*", "_PyObject_Init*", "PyObject_Init*",
	"_Py_brc_*", "_Py_SetImmortal*", "_PyReftracerTrack",
	/* atomics and memory */
	"_Py_atomic_*", "atomic_load*", "atomic_store*", "atomic_exchange*", "atomic_fetch_*",
	"atomic_compare_exchange*", "__atomic_*", "std::*", "__gnu_cxx::*",
	"memcpy", "memmove", "memset", "memcmp", "memchr", "memrchr", "__memcpy*", "__memmove*",
	"__memset*", "__memcmp*", "bcopy", "bzero", "bcmp", "strlen", "strcpy", "strncpy",
	"strcmp", "strncmp", "strcat", "strncat", "strchr", "strrchr", "strdup", "strstr",
	"PyMem_*", "_PyMem_*", "PyObject_Malloc", "PyObject_Calloc", "PyObject_Realloc",
	"PyObject_Free", "PyObject_GC_Del", "PyObject_GC_Track", "PyObject_GC_UnTrack",
	"_PyObject_GC_TRACK", "_PyObject_GC_UNTRACK", "_PyObject_GC_*", "_PyObject_Malloc*",
	"_PyObject_MiMalloc", "_PyObject_MiFree", "_PyObject_MiRealloc", "_PyMem_Mi*", "free",
	"malloc", "calloc", "realloc", "operator new*", "operator delete*",
};

/* Helpers by file, for the many small inline functions of a header. */
static const char *const helper_files[] = {
	"pyatomic*", "refcount.h", "stdatomic.h", "atomic_base.h", "pycore_stackref.h",
};

/* Places of code that a package uses, and that is not its own; by a part of their path. */
static const char *const borrowed_places[] = {
	"/usr/include/", "/usr/local/include/", "/usr/lib/", "/lib/clang/", "/include/c++/",
	"/include/python3", "/site-packages/", "/dist-packages/",
	/* what binds C++ to Python, also where a package brings its own copy */
	"/pybind11/", "/nanobind/",
	/* Rust's own library, and crates that Cargo fetched */
	"/rustc/", "/rustlib/", "/registry/src/",
};
/* clang-format on */

bool plumbing_name_matches(const char *rule, const char *name)
{
	size_t length = strlen(rule);
	if (rule[length - 1] == '*')
		return !strncmp(rule, name, length - 1);
	return !strcmp(rule, name);
}

static bool listed(const char *const *rules, size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++) {
		if (plumbing_name_matches(rules[i], name))
			return true;
	}
	return false;
}

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');
	return slash ? slash + 1 : path;
}

#define LISTED(rules, name) listed(rules, COUNT(rules), name)

/* The executable of a Python without libpython: "python", "python3.14t", "python3.14td". */
static bool is_python_itself(const char *module)
{
	return !strncmp(module, "python", 6) &&
	       module[6 + strspn(module + 6, "0123456789.td")] == '\0';
}

bool plumbing_is_base_module(const char *module)
{
	return !strncmp(module, "libpython", 9) || is_python_itself(module) ||
	       LISTED(runtime_modules, module) || LISTED(library_modules, module);
}

/*
 * Is it a name that CPython gives? Such a function is an inline one of a header, or a copy that a
 * package brings for older releases.
 */
static bool is_pythons_name(const char *name)
{
	name += *name == '_';
	return name[0] == 'P' && name[1] == 'y' &&
	       (name[2] == '_' || (name[2] >= 'A' && name[2] <= 'Z'));
}

static bool is_c_header(const struct frame *frame)
{
	size_t length = frame->file ? strlen(frame->file) : 0;
	return frame->language == FRAME_C && length > 2 && !strcmp(frame->file + length - 2, ".h");
}

bool plumbing_is_borrowed(const struct frame *frame)
{
	if (frame->language == FRAME_PYTHON || frame->language == FRAME_CYTHON || !frame->file)
		return false;
	if (is_c_header(frame) && (is_pythons_name(frame->function) ||
				   (frame->module && plumbing_is_base_module(frame->module))))
		return true;
	for (size_t i = 0; i < COUNT(borrowed_places); i++) {
		if (strstr(frame->file, borrowed_places[i]))
			return true;
	}
	return false;
}

static bool python_plumbing(const struct frame *frame)
{
	if (!frame->file)
		return false;
	for (size_t i = 0; i < COUNT(python_files); i++) {
		if (strstr(frame->file, python_files[i]))
			return true;
	}
	return !strcmp(base_name(frame->file), "threading.py") &&
	       LISTED(threading_functions, frame->function);
}

bool plumbing_is_runtime_module(const char *module)
{
	return module && LISTED(runtime_modules, module);
}

bool plumbing_is_c_library(const char *module)
{
	return module && LISTED(library_modules, module);
}

static bool is_in_library(const struct frame *frame)
{
	return frame->module &&
	       (LISTED(runtime_modules, frame->module) || LISTED(library_modules, frame->module) ||
		LISTED(call_modules, frame->module));
}

bool plumbing_is(const struct frame *frame)
{
	if (frame->language == FRAME_PYTHON)
		return python_plumbing(frame);
	if (frame->language == FRAME_CYTHON)
		return false;
	if (is_in_library(frame))
		return true;
	return LISTED(call_machinery, frame->function) || LISTED(process_start, frame->function) ||
	       LISTED(runtime, frame->function);
}

bool plumbing_is_helper(const struct frame *frame)
{
	if (frame->language == FRAME_PYTHON || frame->language == FRAME_CYTHON)
		return false;
	if (is_in_library(frame))
		return true;
	if (LISTED(helpers, frame->function) || LISTED(runtime, frame->function))
		return true;
	return frame->file && (LISTED(helper_files, base_name(frame->file)) ||
			       strstr(frame->file, "/include/c++/"));
}

/*
 * Is frame `at` the first function of a thread, although Python code of a test stands outside of
 * it?
 */
static bool is_first_with_callers(const struct stack *stack, size_t at)
{
	if (!LISTED(thread_firsts, stack->frames[at].function))
		return false;
	for (size_t i = at + 1; i < stack->count; i++) {
		const struct frame *frame = &stack->frames[i];
		if (frame->language == FRAME_PYTHON && !plumbing_is(frame))
			return true;
	}
	return false;
}

static bool is_foreign(const struct frame *frame)
{
	return frame->plumbing || (frame->language != FRAME_PYTHON && frame->module &&
				   plumbing_is_base_module(frame->module));
}

void plumbing_cut(struct stack *stack, bool all)
{
	size_t count = stack->count;
	while (count && is_foreign(&stack->frames[count - 1]))
		count--;
	if (count || !all)
		stack_cut(stack, count);
}

bool plumbing_mixes_stacks(const struct stack *stack)
{
	bool python = false;
	for (size_t i = 0; i < stack->count; i++) {
		const struct frame *frame = &stack->frames[i];
		if (frame->language == FRAME_PYTHON)
			python = true;
		else if ((python && LISTED(switches, frame->function)) ||
			 is_first_with_callers(stack, i))
			return true;
	}
	return false;
}
