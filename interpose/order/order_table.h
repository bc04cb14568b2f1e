/*
 * order_table.h - the rules: which order an operation of CPython means.
 *
 * Included several times with other definitions of its macros.
 *
 * ORDER_PLACE(NAME, "function ...", why): functions that are told apart. Compiled code only knows
 *     in which function it stands after inlining, so a rule names the functions that the compiler
 *     keeps. A name that this build should have and has not (or has twice) is left alone and told.
 *     Here are the functions of every release; more of a place, which only one has, are in
 *     interpose/releases/.
 * ORDER_ALSO(NAME, "function ...", why): more functions of a place.
 * ORDER_RULE(operation, shape, places, order, why): documents one rule; atomics.c applies it.
 */
#ifndef ORDER_PLACE
#define ORDER_PLACE(name, functions, why)
#endif
#ifndef ORDER_ALSO
#define ORDER_ALSO(name, functions, why)
#endif
#ifndef ORDER_RULE
#define ORDER_RULE(operation, shape, places, order, why)
#endif

/* clang-format off */

ORDER_PLACE(AS_WRITTEN,
	"_PyRWMutex_RLock _PyRWMutex_Lock _PyOnceFlag_CallOnceSlow _PyParkingLot_Park "
	"_PyParkingLot_Unpark _PyParkingLot_UnparkAll _PyRawMutex_LockSlow _PyRawMutex_UnlockSlow",
	"operations that look like a reference count's or a PyMutex's and are neither: readers of a "
	"_PyRWMutex add 4; a once flag goes 0 -> 1 to say that somebody initialises; so does a "
	"_PyRawMutex, and the word behind it points to a stack, where anything may be")

ORDER_PLACE(QUEUE, "_Py_brc_queue_object",
	"Python/brc.c: puts an object into its owner's queue under the bucket's lock")
ORDER_PLACE(DECREF, "_Py_DecRefShared _Py_DecRefSharedDebug",
	"Objects/object.c: a decrement by a thread that does not own the object; queues it to its "
	"owner if that may be the last")
ORDER_PLACE(EVAL_BREAKER,
	"_PyEval_SignalReceived _PyEval_AddPendingCall _Py_ScheduleGC PyThreadState_SetAsyncExc "
	"stop_the_world _Py_set_eval_breaker_bit_all",
	"Python/ceval_gil.c, gc_free_threading.c, pystate.c: set a bit that the owner polls")

ORDER_PLACE(UNTOLD, "",
	"touches, under a lock, what is the interpreter's or the thread's own: nothing of it leaves the lock")
ORDER_PLACE(READS,
	"list_item_impl super_init_impl hackcheck _PyType_GetBases _in_weak_set weakref_richcompare PyWeakref_GetRef "
	"_PyWeakref_IsDead",
	"Objects/listobject.c, typeobject.c, weakrefobject.c, Modules/_abc.c: read under a lock what "
	"others write under it: an item, a cell (the class, in which super() is called), the bases of a "
	"type under the lock of all types, a pointer. Weak references share their locks, by address")
ORDER_PLACE(READS_DICT, "_Py_dict_lookup_threadsafe",
	"Objects/dictobject.c: looks a key up under the dict's lock, when a value has no shared count "
	"yet. Only where all keys are strings: comparing others may run anybody's code")
ORDER_PLACE(READS_LIST, "get_or_create_weakref",
	"Objects/weakrefobject.c: finds the weak reference that an object has already, as each "
	"isinstance() with an abstract class does, or makes one and puts it at the head of the list")
ORDER_PLACE(READS_SET, "PySet_Contains",
	"Objects/setobject.c, called from _in_weak_set: finds the class's weak reference, or does not")
ORDER_PLACE(TYPE_CACHE, "_PyType_LookupRef",
	"Objects/typeobject.c: looks a name up in the types that a type inherits from, under the lock of "
	"all types, and gives the type a version, an atomic number that means nothing else; then fills "
	"an entry of the type cache")
ORDER_PLACE(READS_KEYS, "_PyObject_InitInlineValues",
	"Objects/dictobject.c: each of the first thirty instances of a class looks under a lock how many "
	"shared keys may still come, and counts one less; the next instance gets that many places, or "
	"more, and relies on nothing else that the maker of the last one did")
ORDER_PLACE(READS_HASH, "weakref_hash",
	"Objects/weakrefobject.c: the hash of a weak reference, where it is known already")
ORDER_PLACE(COUNTER, "_Py_qsbr_advance",
	"Python/qsbr.c: the write sequence: readers of it learn how far time went, no data; memory "
	"is safe by the threads' own sequence numbers, which keep their order")
ORDER_ALSO(COUNTER,
	"bounded_lru_cache_wrapper infinite_lru_cache_wrapper uncached_lru_cache_wrapper",
	"Modules/_functoolsmodule.c: hits and misses; the results are in a dict")
ORDER_PLACE(KEYS,
	"dictkeys_decref _Py_dict_lookup make_dict_from_instance_attributes dict_new "
	"dict_vectorcall PyObject_GenericGetDict",
	"Objects/dictobject.c, dictkeys_incref() and dictkeys_decref(): the count of the dicts that share "
	"keys, those of the instances of a class")

ORDER_PLACE(MOVES,
	"PyList_Insert list_insert list_ass_item_lock_held list_ass_subscript_lock_held",
	"Objects/listobject.c, ins1, list_ass_item: under the list's lock, moves pointers to the next "
	"slot with relaxed stores; a reader without the lock loads them with acquire and follows "
	"them: told as release (what it means on every machine that CPython runs on, where a store "
	"that depends on a lock cannot be seen before what the lock made visible)")

ORDER_PLACE(LOOP, "_PyEval_EvalFrameDefault",
	"Python/ceval.c: where a release locks a cell, the variable of a closure, to read it")

/* Reference counts, Include/refcount.h and Objects/object.c */
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

ORDER_RULE("64-bit add", "4", "UNTOLD", "as written",
	"_PyObject_MergePerThreadRefcounts publishes the thread's decrements with its net count")

/* PyMutex, Include/cpython/lock.h and Python/lock.c; critical sections use it */
ORDER_RULE("8-bit cas", "0 -> 1", "interpreter", "acquire",
	"taking a lock publishes nothing; the fast path, inlined into each function that locks")
ORDER_RULE("8-bit cas", "1 -> 0", "interpreter", "release", "giving it back reads nothing")
ORDER_RULE("8-bit cas", "0 -> 1", "QUEUE, UNTOLD", "none",
	"the section's reads and writes are not told (__tsan_ignore_thread_begin): they touch the "
	"interpreter's own list or table only. A merge in the section for an owner that is gone "
	"acquires the lock all the same: the owner gave its work to it when it left")
ORDER_RULE("8-bit cas", "1 -> 0", "QUEUE", "release", "from the pusher to the owner")
ORDER_RULE("8-bit cas", "1 -> 0", "UNTOLD", "none", "the section changed nothing")

ORDER_RULE("8-bit cas", "0 -> 1",
	"READS, READS_DICT, READS_LIST, READS_SET, READS_KEYS, READS_HASH",
	"acquire",
	"who reads under a lock learns what writers did; the section's reads and writes are not told")
ORDER_RULE("8-bit cas", "0 -> 1", "TYPE_CACHE", "none, then acquire of less",
	"a type that has a version has not been changed since it got it: who made it what it was then "
	"(type_cache.h); without one all that was done under the lock")
ORDER_RULE("8-bit cas", "1 -> 0",
	"READS, READS_DICT, READS_SET, READS_KEYS, READS_HASH, TYPE_CACHE", "none",
	"and tells the next one nothing: that it has been there, nobody can find out")
ORDER_RULE("8-bit cas", "1 -> 0", "READS_LIST", "none, release if a reference was added", "the same")

ORDER_RULE("8-bit cas", "0 -> 1, lock of a cell", "LOOP", "acquire",
	"Include/internal/pycore_cell.h; the section's reads and writes are not told")
ORDER_RULE("8-bit cas", "1 -> 0, lock of a cell", "LOOP", "none, release if it was changed",
	"who read the cell has nothing to tell: what it does with the value, the value's own count "
	"orders before the value's end")

/* QSBR, Python/qsbr.c */
ORDER_RULE("64-bit store", "the thread's own sequence number, as it was", "interpreter", "none",
	"told once around each loop: what was put away at a number is given back after each thread has said "
	"that number for the first time; to say it again says nothing")

/* The type cache, Objects/typeobject.c and Python/lock.c: type_cache.h */
ORDER_RULE("all of a sequence lock", "any", "anywhere", "not told",
	"which thread fills an entry is an accident; nor are the writer's reads and writes told")
ORDER_RULE("32-bit load", "acquire, in an entry's lock", "anywhere", "acquire of less",
	"who finds an entry is ordered after those who changed the type before it got this version")

/* The rest */
ORDER_RULE("64-bit or", "any", "QUEUE, EVAL_BREAKER", "release",
	"who sets a bit for a thread tells it something and learns nothing")
ORDER_RULE("64-bit add", "any", "COUNTER", "none", "see the place")
ORDER_RULE("64-bit or", "any", "COUNTER", "none", "see the place")
ORDER_RULE("32-bit cas", "any", "COUNTER", "none", "see the place")
ORDER_RULE("64-bit add", "4096", "interpreter", "none",
	"3.13, dict_next_version(): each new dict takes the next number of the interpreter's")
ORDER_RULE("64-bit add", "1", "KEYS", "none", "as a reference count: who counts has the keys already")
ORDER_RULE("64-bit add", "-1", "KEYS", "release, acquire if it was the last",
	"as a reference count: what this thread did must be seen by who frees the keys")
ORDER_RULE("64-bit store", "release", "UNTOLD", "none", "see the place")
ORDER_RULE("64-bit store", "relaxed", "MOVES", "release", "see the place")
ORDER_RULE("64-bit store", "sequentially consistent", "READS_KEYS", "not told",
	"as the section that it is in: who adds a key reads the same word under the lock")

/* clang-format on */

#undef ORDER_PLACE
#undef ORDER_ALSO
#undef ORDER_RULE
