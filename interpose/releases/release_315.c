/*
 * release_315.c - CPython 3.15: all that the interposer knows of it and not of every release.
 *
 * Read from 3.15.0rc2. What is different in meaning from 3.14, and needs nothing here:
 *
 * - Objects/typeobject.c, _PyType_LookupStackRefAndVersion(): of a type that has a version a name is
 *   looked up without the lock of all types; what orders then is the load of the version
 *   (order/type_cache.c, type_cache_load()). A type's order of bases changes while the world is stopped,
 *   and is read without a lock.
 * - Objects/typeobject.c, type_lock_prevent_release(): a section that is to keep its locks while its
 *   thread waits has its mutexes taken out, so that detaching finds none. They are held then, and
 *   python_in_section() does not find them either.
 * - Python/critical_section.c: a section on the two objects of the one around it takes no lock.
 * - Include/internal/pycore_interpframe.h: the outermost frame is one in the thread state, which runs
 *   nothing; its owner is that of frames that mark an eval loop's begin, as before.
 * - Objects/genobject.c: a generator's state is taken with an 8-bit compare-exchange. It is no lock's:
 *   its states are 0 or 1 to 4, and 2 to 3.
 * - Objects/setobject.c: `in` reads a set without its lock, by loads that acquire.
 * - Python/parking_lot.c: _PySemaphore_Wait() has no third argument any more; nobody looks at it.
 */
#include "interpose/order/order.h"
#include "interpose/python/release.h"

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
	/*
	 * Objects/dictobject.c, called when a line that looks a global name up is specialised: sets the
	 * dict's bit of its watcher, which who changes the dict looks at under its lock, without acquire.
	 */
	{ PLACE_COUNTER, "PyDict_Watch" },
	{ PLACE_KEYS, "new_dict_with_shared_keys copy_lock_held_untracked" },
	{ 0, NULL },
};

const struct python_release release_315 = {
	.major = 3,
	.minor = 15,
	.functions = functions,
};
