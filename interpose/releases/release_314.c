/*
 * release_314.c - CPython 3.14: all that the interposer knows of it and not of every release.
 *
 * Include/internal: pycore_debug_offsets.h (the words), pycore_interpframe_structs.h,
 * pycore_critical_section.h, pycore_lock.h, pycore_dict.h; Include/cpython: pystate.h, code.h,
 * unicodeobject.h; Modules/_threadmodule.c.
 */
#include "interpose/order/order.h"
#include "interpose/python/release.h"

#define RELEASE(name) name##_314

/* Constants for stacks_template.h, and the table that all others read. */
static const struct python_offsets at = {
	.tstate_interpreter = { 16, 25, 0 },
	.tstate_state = { 44, 30, 12 },
	.tstate_current_frame = { 72, 26, 0 },
	.tstate_critical_section = { 176, 0, 0 },
	.tstate_datastack_chunk = { 232, 29, 0 },
	.tstate_datastack_limit = { 248, 29, 16 },
	.section_mutex = { 8, 0, 0 },
	.section_mutex2 = { 16, 0, 0 },
	.frame_executable = { 0, 33, 0 },
	.frame_previous = { 8, 32, 0 },
	.frame_instr_ptr = { 56, 34, 0 },
	.frame_owner = { 78, 36, 0 },
	.frame_tlbc_index = { 72, 38, 0 },
	.code_first_line = { 84, 44, 0 },
	.code_filename = { 128, 40, 0 },
	.code_qualname = { 144, 42, 0 },
	.code_linetable = { 152, 43, 0 },
	.code_names = { 48, 0, 0 },
	.code_localsplusnames = { 112, 46, 0 },
	.code_bytecode = { 232, 48, 0 },
	.code_tlbc = { 224, 49, 0 },
	.bytes_size = { 32, 75, 0 },
	.bytes_data = { 48, 76, 0 },
	.str_length = { 32, 79, 0 },
	.str_state = { 48, 78, 0 },
	.str_ascii_data = { 56, 80, 0 },
	.str_compact_data = { 72, 80, 16 },
	.object_thread = { 0, 0, 0 },
	.object_mutex = { 10, 0, 0 },
	.object_count_local = { 12, 0, 0 },
	.object_count_shared = { 16, 0, 0 },
	.object_type = { 24, 51, 0 },
	.type_name = { 40, 53, 0 },
	.type_basicsize = { 48, 0, 0 },
	.type_itemsize = { 56, 0, 0 },
	.type_dealloc = { 64, 0, 0 },
	.type_flags = { 184, 55, 0 },
	.type_alloc = { 320, 0, 0 },
	.lock_mutex = { 32, 0, 0 },
	.cell_value = { 32, 0, 0 },
	.weakref_hash = { 48, 0, 0 },
	.dict_keys = { 48, 67, 0 },
	.keys_kind = { 10, 0, 0 },
};

/* The code object in a frame is a _PyStackRef, tagged (Py_TAG_BITS of pycore_stackref.h). */
enum { FRAME_TAG_BITS = 1 };

static const struct python_functions functions[] = {
	/*
	 * Python/uniqueid.c: takes a number for a new class or function out of a pool, and gives it
	 * back; adds a thread's own counts to the objects; nothing of the pool leaves the lock.
	 */
	{ PLACE_UNTOLD, "_PyObject_AssignUniqueId _PyObject_ReleaseUniqueId "
			"_PyObject_MergePerThreadRefcounts" },
	/*
	 * Python/specialize.c, Objects/dictobject.c: a thread that runs a line for the second time
	 * looks a name up under the locks of the module's and the builtins' dicts; what it writes
	 * is its own copy of the bytecode, and the keys' version, which is atomic; readers without
	 * a lock load keys and values with acquire.
	 */
	{ PLACE_UNTOLD, "_Py_Specialize_LoadGlobal _PyDictKeys_StringLookupAndVersion" },
	/*
	 * Objects/typeobject.c: keeps the function that a call of a class runs, for this version of
	 * the class; whose version it is, has looked the function up and is ordered after its
	 * maker.
	 */
	{ PLACE_UNTOLD,
	  "_PyType_CacheInitForSpecialization _PyType_CacheGetItemForSpecialization" },
	/*
	 * Objects/codeobject.c: copies the bytecode for this thread, and puts the copy at its own
	 * place in a table; who reads the table without the lock loads it with acquire.
	 */
	{ PLACE_READS, "_PyCode_GetTLBC" },
	/* Python/specialize.c: looks an attribute up, and writes to that copy. */
	{ PLACE_READS, "_Py_Specialize_LoadAttr _Py_Specialize_StoreAttr" },
	/*
	 * Objects/typeobject.c: looks at a type and gives it a version; finds the module, whose
	 * state an extension's method needs, of a type's base.
	 */
	{ PLACE_READS, "_PyType_Validate PyType_GetModuleByDef" },
	/* The same as _PyType_LookupRef. */
	{ PLACE_TYPE_CACHE, "_PyType_LookupStackRefAndVersion" },
	/* Objects/dictobject.c: the next number for a version of keys. */
	{ PLACE_COUNTER,
	  "_PyDictKeys_GetVersionForCurrentState _PyDict_GetKeysVersionForCurrentState" },
	{ PLACE_KEYS, "new_dict_with_shared_keys" },
	{ 0, NULL },
};

/* Each is a pointer, and behind it the counter. */
static const struct python_freelists freelists[] = { { 14840, 16, 8, 39 }, { 0, 0, 0, 0 } };

#include "interpose/stacks/stacks_template.h"

const struct python_release RELEASE(release) = {
	.major = 3,
	.minor = 14,
	.at = &at,
	.free_threaded = 2,
	.str_kind_shift = 8, /* `interned` is a byte of its own */
	.entry_owner = 3,    /* FRAME_OWNED_BY_INTERPRETER */
	.rlock_size = 56,
	.functions = functions,
	.freelists = freelists,
	.object_heap = 936,
	.heap_bytes = 3064,
	STACKS_OF_RELEASE,
};
