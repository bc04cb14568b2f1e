/*
 * probe.c - looks whether CPython's structures are laid out as its release's row says, where
 * nothing else tells (release.h).
 *
 * It has objects made whose contents it knows, and reads them as the hooks will: a cell that holds
 * an object has that object's address at python_at.cell_value. Once, at start, attached, in the one thread of
 * the zygote: here alone the API of CPython is called. Objects that a failed probe made are left.
 */
#define _GNU_SOURCE
#include "interpose/python/code.h"
#include "interpose/python/layout.h"
#include "interpose/python/object.h"
#include "interpose/python/release.h"
#include "interpose/python/walk.h"

#include <dlfcn.h>
#include <stddef.h>

/* The functions of the API that the probes call. */
/* clang-format off */
#define API(call) \
	call(void *, PyThreadState_Get, (void)) \
	call(void *, PyInterpreterState_Get, (void)) \
	call(void *, PyEval_SaveThread, (void)) \
	call(void, PyEval_RestoreThread, (void *)) \
	call(void, PyCriticalSection_Begin, (void *, void *)) \
	call(void, PyCriticalSection_End, (void *)) \
	call(void, PyCriticalSection2_Begin, (void *, void *, void *)) \
	call(void, PyCriticalSection2_End, (void *)) \
	call(void *, PyList_New, (long)) \
	call(void *, PyDict_New, (void)) \
	call(int, PyDict_SetItem, (void *, void *, void *)) \
	call(void *, PyCell_New, (void *)) \
	call(void *, PyWeakref_NewRef, (void *, void *)) \
	call(long, PyObject_Hash, (void *)) \
	call(void *, PyUnicode_FromString, (const char *)) \
	call(void *, PyLong_FromLong, (long)) \
	call(void *, PyType_GetSlot, (void *, int)) \
	call(unsigned long, PyType_GetFlags, (void *)) \
	call(void *, PyImport_ImportModule, (const char *)) \
	call(void *, PyObject_CallFunction, (void *, const char *, ...)) \
	call(void *, PyObject_GetAttrString, (void *, const char *)) \
	call(void *, PyObject_CallMethod, (void *, const char *, const char *, ...)) \
	call(void, Py_IncRef, (void *)) \
	call(void, Py_DecRef, (void *)) \
	call(void, PyErr_Clear, (void))
/* clang-format on */

static struct {
#define FUNCTION(returns, name, arguments) returns(*name) arguments;
	API(FUNCTION)
#undef FUNCTION
} api;

static const char *const api_names[] = {
#define NAME(returns, name, arguments) #name,
	API(NAME)
#undef NAME
};
enum { API_COUNT = sizeof api_names / sizeof *api_names };
_Static_assert(sizeof api == API_COUNT * sizeof(void *), "an array of addresses");

static char *list_type, *type_type;

static const char *find_api(void)
{
	void **functions = (void **)&api;
	for (unsigned i = 0; i < API_COUNT; i++)
		if (!(functions[i] = dlsym(RTLD_DEFAULT, api_names[i])))
			return api_names[i];
	list_type = dlsym(RTLD_DEFAULT, "PyList_Type");
	type_type = dlsym(RTLD_DEFAULT, "PyType_Type");
	return list_type && type_type ? NULL : "PyType_Type";
}

/* Does one byte there, whatever was before, say held while it is? */
static bool is_byte(const void *object, long offset, unsigned value)
{
	return *((const volatile uint8_t *)object + offset) == value;
}

static bool thread_state(void)
{
	const char *tstate = api.PyThreadState_Get();
	const char *chunk = load_pointer(tstate, python_at.tstate_datastack_chunk);
	const char *limit = load_pointer(tstate, python_at.tstate_datastack_limit);
	long state = python_at.tstate_state;
	if (load_pointer(tstate, python_at.tstate_interpreter) != api.PyInterpreterState_Get() ||
	    load32(tstate, state) != 1)
		return false;
	/* A chunk's head: the one before, and its size in bytes. */
	if (!chunk || limit != chunk + load64(chunk, 8))
		return false;
	void *saved = api.PyEval_SaveThread();
	bool detached = load32(tstate, state) == 0;
	api.PyEval_RestoreThread(saved);
	return detached && load32(tstate, state) == 1;
}

static bool critical_sections(void)
{
	const char *tstate = api.PyThreadState_Get();
	char *one = api.PyList_New(0), *two = api.PyList_New(0);
	uint64_t section[8] = { 0 }, at = (uint64_t)section;
	uint64_t mutexes[] = { (uint64_t)one + OBJECT_MUTEX, (uint64_t)two + OBJECT_MUTEX };
	if (!one || !two)
		return false;
	bool yes = is_byte(one, OBJECT_MUTEX, 0);
	api.PyCriticalSection_Begin(section, one);
	yes = yes && load64(tstate, python_at.tstate_critical_section) == at &&
	      load64(section, python_at.section_mutex) == mutexes[0] &&
	      is_byte(one, OBJECT_MUTEX, 1);
	void *saved = api.PyEval_SaveThread(); /* which makes it inactive */
	yes = yes && load64(tstate, python_at.tstate_critical_section) == (at | 1);
	api.PyEval_RestoreThread(saved);
	yes = yes && load64(tstate, python_at.tstate_critical_section) == at;
	api.PyCriticalSection_End(section);
	api.PyCriticalSection2_Begin(section, one, two);
	yes = yes && load64(tstate, python_at.tstate_critical_section) == (at | 2);
	uint64_t first = load64(section, python_at.section_mutex),
		 second = load64(section, python_at.section_mutex2);
	yes = yes && ((first == mutexes[0] && second == mutexes[1]) ||
		      (first == mutexes[1] && second == mutexes[0]));
	api.PyCriticalSection2_End(section);
	api.Py_DecRef(one);
	api.Py_DecRef(two);
	return yes && !(load64(tstate, python_at.tstate_critical_section) & ~3ull);
}

static bool names(const void *code)
{
	void *told = api.PyObject_GetAttrString((void *)(uintptr_t)code, "co_names");
	api.Py_DecRef(told);
	return told && load_pointer(code, python_at.code_names) == told;
}

/* Each frame of the thread: what it runs lies in its bytecode, the outermost is an entry. */
static bool frames(void)
{
	const char *frame = load_pointer(api.PyThreadState_Get(), python_at.tstate_current_frame);
	const void *code_type = dlsym(RTLD_DEFAULT, "PyCode_Type");
	unsigned seen = 0, depth = 0;
	uint8_t owner = 0;
	for (; frame && depth < 1000;
	     depth++, frame = load_pointer(frame, python_at.frame_previous)) {
		owner = *((const uint8_t *)frame + python_at.frame_owner);
		if (owner >= python_at.frame_entry)
			continue;
		const void *code =
			(const void *)(load64(frame, python_at.frame_executable) & ~1ull);
		if (!code || load_pointer(code, OBJECT_TYPE) != code_type)
			return false;
		uint64_t offset =
			load64(frame, python_at.frame_instr_ptr) - python_bytecode(code, frame);
		if (offset > 2 * load64(code, python_at.size) || !names(code))
			return false;
		seen++;
	}
	return seen && depth < 1000 && owner == python_at.frame_entry;
}

static bool reads_as(const char *text)
{
	char *str = api.PyUnicode_FromString(text);
	uint8_t read[64];
	uint32_t length = str ? code_utf8(str, read, sizeof read) : 0;
	bool same = length == raw_length(text);
	for (uint32_t i = 0; same && i < length; i++)
		same = read[i] == (uint8_t)text[i];
	api.Py_DecRef(str);
	return same;
}

static bool strings(void)
{
	return reads_as("ab") && reads_as("a\xc3\xa9") && reads_as("a\xe2\x82\xac") &&
	       reads_as("a\xf0\x9f\x90\x8d");
}

static bool objects(void)
{
	char *list = api.PyList_New(0);
	const char *none = dlsym(RTLD_DEFAULT, "_Py_NoneStruct");
	if (!list || !none || (uint32_t)load32(none, OBJECT_COUNT_LOCAL) != UINT32_MAX)
		return false;
	bool yes = load_pointer(list, OBJECT_THREAD) == __builtin_thread_pointer() &&
		   load32(list, OBJECT_COUNT_LOCAL) == 1 &&
		   load64(list, OBJECT_COUNT_SHARED) == 0 &&
		   load_pointer(list, OBJECT_TYPE) == list_type;
	api.Py_IncRef(list);
	yes = yes && load32(list, OBJECT_COUNT_LOCAL) == 2;
	api.Py_DecRef(list);
	api.Py_DecRef(list);
	/* The two counts and the type have no room between them. */
	return yes && OBJECT_COUNT_LOCAL + 4 == OBJECT_COUNT_SHARED &&
	       OBJECT_COUNT_SHARED + 8 == OBJECT_TYPE;
}

static bool types(void)
{
	enum { SLOT_ALLOC = 47, SLOT_DEALLOC = 52 }; /* Include/typeslots.h */
	const char *base = dlsym(RTLD_DEFAULT, "PyBaseObject_Type");
	const char *name = load_pointer(list_type, python_at.type_name);
	const char *tuple = dlsym(RTLD_DEFAULT, "PyTuple_Type");
	return base && load64(base, python_at.type_basicsize) == OBJECT_TYPE + 8 && tuple &&
	       load64(tuple, python_at.type_itemsize) == sizeof(void *) &&
	       load64(list_type, python_at.type_itemsize) == 0 && name && raw_same(name, "list") &&
	       load_pointer(list_type, python_at.type_alloc) ==
		       api.PyType_GetSlot(list_type, SLOT_ALLOC) &&
	       load_pointer(list_type, python_at.type_dealloc) ==
		       api.PyType_GetSlot(list_type, SLOT_DEALLOC) &&
	       load64(type_type, python_at.type_flags) == api.PyType_GetFlags(type_type) &&
	       (load64(type_type, python_at.type_flags) & TYPE_SUBCLASS) &&
	       !(load64(list_type, python_at.type_flags) & TYPE_SUBCLASS);
}

static bool locks(void)
{
	void *module = api.PyImport_ImportModule("_thread");
	void *lock = module ? api.PyObject_CallMethod(module, "allocate_lock", NULL) : NULL;
	if (!lock)
		return false;
	bool yes = is_byte(lock, python_at.lock_mutex, 0);
	api.Py_DecRef(api.PyObject_CallMethod(lock, "acquire", NULL));
	yes = yes && is_byte(lock, python_at.lock_mutex, 1);
	api.Py_DecRef(api.PyObject_CallMethod(lock, "release", NULL));
	yes = yes && is_byte(lock, python_at.lock_mutex, 0);
	api.Py_DecRef(lock);
	api.Py_DecRef(module);
	return yes;
}

static bool cells_and_weak_references(void)
{
	char *list = api.PyList_New(0), *cell = list ? api.PyCell_New(list) : NULL;
	char *weak = api.PyWeakref_NewRef(type_type, NULL);
	if (!cell || !weak)
		return false;
	long hash = api.PyObject_Hash(weak);
	bool yes = load_pointer(cell, python_at.cell_value) == list &&
		   (long)load64(weak, python_at.weakref_hash) == hash;
	api.Py_DecRef(cell);
	api.Py_DecRef(list);
	api.Py_DecRef(weak);
	return yes;
}

static unsigned kind_of_keys(const char *dict)
{
	return *((const uint8_t *)load_pointer(dict, python_at.dict_keys) + python_at.keys_kind);
}

static bool dicts(void)
{
	void *dict = api.PyDict_New(), *number = api.PyLong_FromLong(1000000);
	void *name = api.PyUnicode_FromString("name");
	if (!dict || !number || !name || api.PyDict_SetItem(dict, name, number) != 0)
		return false;
	bool yes = kind_of_keys(dict) != 0;
	yes = api.PyDict_SetItem(dict, number, name) == 0 && yes && kind_of_keys(dict) == 0;
	api.Py_DecRef(dict);
	api.Py_DecRef(number);
	api.Py_DecRef(name);
	return yes;
}

/* Also with what mimalloc puts before an object with a __dict__. */
static bool heap(void)
{
	char *list = api.PyList_New(0), *made = NULL;
	void *class = api.PyObject_CallFunction(type_type, "s(){}", "ftstress_probe");
	struct object found = { 0 }, other = { 0 };
	if (class)
		made = api.PyObject_CallFunction(class, NULL);
	bool yes = list && made && object_find((uint64_t)list + 8, &found) &&
		   found.start == (uint64_t)list && raw_same(found.type, "list") &&
		   object_find((uint64_t)made + 8, &other) && other.start == (uint64_t)made &&
		   raw_same(other.type, "ftstress_probe");
	api.Py_DecRef(made);
	api.Py_DecRef(class);
	api.Py_DecRef(list);
	return yes;
}

static const struct {
	const char *what;
	bool (*same)(void);
} probes[] = {
	{ "its thread states look different", thread_state },
	{ "its objects look different", objects },
	{ "its critical sections look different", critical_sections },
	{ "its frames look different", frames },
	{ "its strings look different", strings },
	{ "its types look different", types },
	{ "its locks look different", locks },
	{ "its cells and weak references look different", cells_and_weak_references },
	{ "its dicts look different", dicts },
	{ "its memory blocks (mimalloc) look different", heap },
};

const char *python_probe(void)
{
	if (find_api())
		return "it does not export the functions that ftstress looks with";
	for (unsigned i = 0; i < sizeof probes / sizeof *probes; i++) {
		bool same = probes[i].same();
		api.PyErr_Clear();
		if (!same)
			return probes[i].what;
	}
	return NULL;
}
