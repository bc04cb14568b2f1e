/*
 * locks_internal.c - CPython's own locks that are no PyMutex: _PyRWMutex, once-flags, importlib's
 * import locks; and stopping the world.
 *
 * A once-flag counts as a lock that is held while the flag's function runs. An import lock is a
 * Python object of the type importlib._bootstrap._ModuleLock. A call of its acquire() or release()
 * is noted as a whole, because the object has two locks inside, which it uses as signals. There is
 * no order between two import locks: importlib itself finds a deadlock of import locks alone, and
 * resolves it.
 *
 * A thread that stops the world waits until no other thread is attached. So it waits for "being
 * attached", as for a lock that all attached threads hold.
 */
#include "interpose/locks/locks.h"
#include "interpose/base/symbol.h"

#include "interpose/python/layout.h"

/* _PyRWMutex (Python/lock.c). A thread detaches while it waits for one. */

#define TAKE(name, flags)                                                                          \
	EXPORT void name(void *mutex);                                                             \
	void name(void *mutex)                                                                     \
	{                                                                                          \
		static void (*real)(void *);                                                       \
		if (UNLIKELY(!real))                                                               \
			real = (void (*)(void *))symbol_need(#name);                               \
		struct thread *thread = locks_noting();                                            \
		struct lock lock = { (uint64_t)mutex, FTS_LOCK_RWMUTEX,                            \
				     FTS_HELD_DETACHES | (flags) };                                \
		if (thread)                                                                        \
			locks_wait(thread, lock, CALL_SITE);                                       \
		real(mutex);                                                                       \
		if (thread) {                                                                      \
			locks_wait_over(thread);                                                   \
			locks_taken(thread, lock, CALL_SITE);                                      \
		}                                                                                  \
	}

#define GIVE(name)                                                                                 \
	EXPORT void name(void *mutex);                                                             \
	void name(void *mutex)                                                                     \
	{                                                                                          \
		static void (*real)(void *);                                                       \
		if (UNLIKELY(!real))                                                               \
			real = (void (*)(void *))symbol_need(#name);                               \
		struct thread *thread = locks_noting();                                            \
		if (thread)                                                                        \
			locks_given(thread, (uint64_t)mutex, FTS_LOCK_RWMUTEX);                    \
		real(mutex);                                                                       \
	}

TAKE(_PyRWMutex_RLock, FTS_HELD_SHARED)
TAKE(_PyRWMutex_Lock, 0)
GIVE(_PyRWMutex_RUnlock)
GIVE(_PyRWMutex_Unlock)

/* Once-flags. */

struct once {
	int (*function)(void *);
	void *argument;
	struct thread *thread;
	struct lock lock;
	struct call_site site;
};

static int call_once(void *pointer)
{
	const struct once *once = pointer;
	locks_wait_over(once->thread);
	locks_taken(once->thread, once->lock, once->site);
	int result = once->function(once->argument);
	locks_given(once->thread, once->lock.address, once->lock.kind);
	return result;
}

typedef int once_slow(void *flag, int (*function)(void *), void *argument);

EXPORT once_slow _PyOnceFlag_CallOnceSlow;
int _PyOnceFlag_CallOnceSlow(void *flag, int (*function)(void *), void *argument)
{
	static once_slow *real;
	if (UNLIKELY(!real))
		real = (once_slow *)symbol_need("_PyOnceFlag_CallOnceSlow");
	struct thread *thread = locks_noting();
	if (!thread)
		return real(flag, function, argument);
	struct once once = { function, argument, thread, lock_of(flag, FTS_LOCK_ONCE), CALL_SITE };
	locks_wait(thread, once.lock, once.site);
	int result = real(flag, call_once, &once);
	locks_wait_over(thread);
	return result;
}

/*
 * Stopping the world. A thread keeps the locks that it holds until all others are detached. If one
 * of these waits for such a lock while attached, that is a deadlock.
 */

static const struct lock attached = { 1, FTS_LOCK_ATTACHED, 0 };
static const struct lock stopping = { 1, FTS_LOCK_ATTACHED, FTS_HELD_STOPS };

#define STOP(name)                                                                                 \
	EXPORT void name(void *whom);                                                              \
	void name(void *whom)                                                                      \
	{                                                                                          \
		static void (*real)(void *);                                                       \
		if (UNLIKELY(!real))                                                               \
			real = (void (*)(void *))symbol_need(#name);                               \
		struct thread *thread = locks_noting();                                            \
		if (!thread) {                                                                     \
			real(whom);                                                                \
			return;                                                                    \
		}                                                                                  \
		locks_wait(thread, attached, CALL_SITE);                                           \
		thread->outer = stopping; /* meanwhile it acquires locks of the runtime */         \
		real(whom);                                                                        \
		thread->outer.address = 0;                                                         \
		locks_wait_over(thread);                                                           \
	}

STOP(_PyEval_StopTheWorld)
STOP(_PyEval_StopTheWorldAll)

/*
 * Garbage collection. Nobody else can reach the objects that the collector clears, so their
 * critical sections make no order. While thread->collects is the running frame, check_order()
 * leaves them out.
 */

#define COLLECT(name)                                                                              \
	EXPORT long name(void *tstate, long generation, long reason);                              \
	long name(void *tstate, long generation, long reason)                                      \
	{                                                                                          \
		static long (*real)(void *, long, long);                                           \
		if (UNLIKELY(!real))                                                               \
			real = (long (*)(void *, long, long))symbol_need(#name);                   \
		struct thread *thread = locks_on ? locks_thread() : NULL;                          \
		if (!thread)                                                                       \
			return real(tstate, generation, reason);                                   \
		const void *outer = thread->collects;                                              \
		thread->collects = python_frame(python_tstate());                                  \
		long result = real(tstate, generation, reason);                                    \
		thread->collects = outer;                                                          \
		return result;                                                                     \
	}

COLLECT(PyGC_Collect)
COLLECT(_PyGC_Collect)
COLLECT(_PyGC_CollectNoFail)
COLLECT(_Py_RunGC)

/* Import locks. */

typedef void *vectorcall(void *callable, void *const *arguments, size_t count, void *names);
static vectorcall *call_function; /* _PyFunction_Vectorcall */

static inline struct lock module_lock(const void *object)
{
	return lock_of(object, FTS_LOCK_MODULE);
}

static void *acquire(void *callable, void *const *arguments, size_t count, void *names)
{
	struct thread *thread = locks_noting();
	if (!thread || !(count << 1))
		return call_function(callable, arguments, count, names);
	struct lock lock = module_lock(arguments[0]);
	struct call_site site = CALL_SITE;
	locks_wait(thread, lock, site);
	thread->depth++;
	void *result = call_function(callable, arguments, count, names);
	thread->depth--;
	locks_wait_over(thread);
	if (result) /* NULL: importlib has found a deadlock and raised an exception */
		locks_taken(thread, lock, site);
	return result;
}

static void *release(void *callable, void *const *arguments, size_t count, void *names)
{
	struct thread *thread = locks_noting();
	if (!thread || !(count << 1))
		return call_function(callable, arguments, count, names);
	struct lock lock = module_lock(arguments[0]);
	locks_given(thread, lock.address, lock.kind);
	thread->depth++;
	void *result = call_function(callable, arguments, count, names);
	thread->depth--;
	return result;
}

/* Is the name of an import lock's module where we read it? Make an import lock, and look. */
static bool names_are_read(void *module_lock_type)
{
	static const char name[] = "ftstress.probe";
	void *(*call)(void *, const char *, ...) =
		(void *(*)(void *, const char *, ...))symbol_next("PyObject_CallFunction");
	void (*drop)(void *) = (void (*)(void *))symbol_next("Py_DecRef");
	void *lock = call && drop ? call(module_lock_type, "s", name) : NULL;
	char read[sizeof name + 8] = "";
	if (!lock)
		return false;
	python_module_name((uint64_t)lock, read, sizeof read);
	drop(lock);
	return raw_same(read, name);
}

bool internal_locks_start(void)
{
	void *(*import)(const char *) =
		(void *(*)(const char *))symbol_next("PyImport_ImportModule");
	void *(*attribute)(void *, const char *) =
		(void *(*)(void *, const char *))symbol_next("PyObject_GetAttrString");
	void (*set_call)(void *, vectorcall *) =
		(void (*)(void *, vectorcall *))symbol_next("PyFunction_SetVectorcall");
	call_function = (vectorcall *)symbol_next("_PyFunction_Vectorcall");
	if (!import || !attribute || !set_call || !call_function)
		return false;
	void *module = import("_frozen_importlib");
	void *type = module ? attribute(module, "_ModuleLock") : NULL;
	void *functions[] = { type ? attribute(type, "acquire") : NULL,
			      type ? attribute(type, "release") : NULL };
	if (!functions[0] || !functions[1] || !names_are_read(type))
		return false;
	set_call(functions[0], acquire);
	set_call(functions[1], release);
	return true;
}
