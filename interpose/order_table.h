/*
 * order_table.h - the rules: which order an operation of CPython means.
 *
 * Included several times with other definitions of its macros.
 *
 * ORDER_PLACE(NAME, "function ...", why): functions that are told apart. Compiled code only knows
 *     in which function it stands after inlining, so a rule names the functions that the compiler
 *     keeps. A name that this build has not (or has twice) is left alone and told.
 * ORDER_RULE(operation, shape, places, order, why): documents one rule; atomics.c applies it.
 */
#ifndef ORDER_PLACE
#define ORDER_PLACE(name, functions, why)
#endif
#ifndef ORDER_RULE
#define ORDER_RULE(operation, shape, places, order, why)
#endif

/* clang-format off */

ORDER_PLACE(AS_WRITTEN,
	"_PyRWMutex_RLock _PyRWMutex_Lock _PyObject_MergePerThreadRefcounts "
	"PyUnstable_Object_EnableDeferredRefcount _PyOnceFlag_CallOnceSlow",
	"operations that look like a reference count's or a PyMutex's and are neither: readers of a "
	"_PyRWMutex add 4; a thread's own counts are merged by any number, which publishes its "
	"decrements; a once flag goes 0 -> 1 to say that somebody initialises")

/* Reference counts, Include/refcount.h and Objects/object.c, 3.13 and 3.14 */
ORDER_RULE("64-bit add", "4, shared count of an object", "anywhere", "none",
	"Py_INCREF: who increments holds a reference already, and got it by other means")
ORDER_RULE("64-bit cas", "+4 (and +4, |1), shared count", "interpreter", "none",
	"_Py_TryIncRefShared, _Py_NewRefWithLock: the pointer was loaded with acquire before")
ORDER_RULE("64-bit cas", "|1, shared count", "interpreter", "none",
	"_PyObject_SetMaybeWeakref: marks, publishes nothing")
ORDER_RULE("64-bit cas", "-4, not to 3", "interpreter", "release",
	"_Py_DecRefShared: what this thread did must be seen by who destroys the object")
ORDER_RULE("64-bit cas", "0 or 1 -> 2", "interpreter", "release",
	"_Py_DecRefShared queues the object to its owner")
ORDER_RULE("64-bit cas", "merged (low bits 3), not to 3", "interpreter", "release",
	"_Py_MergeZeroLocalRefcount, _Py_ExplicitMergeRefcount: the owner gives up ownership")
ORDER_RULE("64-bit cas", "to 3: merged and none left", "interpreter", "acq_rel",
	"the decrement that ends the object's life sees all others")

/* clang-format on */

#undef ORDER_PLACE
#undef ORDER_RULE
