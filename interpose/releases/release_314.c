/*
 * release_314.c - CPython 3.14: all that the interposer knows of it and not of every release.
 *
 * Include/internal: pycore_debug_offsets.h (the words), pycore_interpframe_structs.h,
 * pycore_critical_section.h, pycore_lock.h, pycore_dict.h; Include/cpython: pystate.h, code.h,
 * unicodeobject.h; Modules/_threadmodule.c.
 */
#include "interpose/order/order.h"
#include "interpose/python/release.h"

static const struct python_functions functions[] = {
	/* Objects/typeobject.c: reads a type's order of bases under the lock of all types. */
	{ PLACE_READS, "_PyType_GetMRO" },
	{ PLACE_KEYS, "copy_lock_held" },
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

const struct python_release release_314 = {
	.major = 3,
	.minor = 14,
	.functions = functions,
};
