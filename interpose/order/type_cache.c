/* type_cache.c - see type_cache.h. */
#include "interpose/order/type_cache.h"

#include "interpose/base/symbol.h"
#include "interpose/order/order.h"
#include "interpose/python/layout.h"

#include <stdbool.h>
#include <stddef.h>

/* Include/internal/pycore_typeobject.h */
struct type_cache_entry {
	uint32_t version;
	uint32_t sequence; /* odd while the entry is filled */
	void *name;        /* a reference to a string or to None */
	void *value;
};

HIDDEN __thread const struct type_cache_entry *type_cache_entry
	__attribute__((tls_model("initial-exec")));
HIDDEN __thread uint32_t type_cache_acquired __attribute__((tls_model("initial-exec")));
HIDDEN const volatile uint8_t *type_cache_lock;
HIDDEN uint32_t type_cache_more_locks;

static void (*tsan_ignore_begin)(void), (*tsan_ignore_end)(void);
static void (*tsan_ignore_sync_begin)(const char *file, int line);
static void (*tsan_ignore_sync_end)(const char *file, int line);
static void (*tsan_acquire)(const volatile void *), (*tsan_release)(const volatile void *);
static void *none;

void type_cache_resolve(void)
{
	tsan_ignore_begin = (void (*)(void))symbol_need("__tsan_ignore_thread_begin");
	tsan_ignore_end = (void (*)(void))symbol_need("__tsan_ignore_thread_end");
	tsan_ignore_sync_begin =
		(void (*)(const char *, int))symbol_need("AnnotateIgnoreSyncBegin");
	tsan_ignore_sync_end = (void (*)(const char *, int))symbol_need("AnnotateIgnoreSyncEnd");
	tsan_acquire = (void (*)(const volatile void *))symbol_need("__tsan_acquire");
	tsan_release = (void (*)(const volatile void *))symbol_need("__tsan_release");
	none = symbol_next("_Py_NoneStruct");
}

/*
 * Generations. Each is known by a word of its own, which is released by who makes the generation,
 * after it has acquired the one before; so a word knows of all before it. After GENERATIONS more a
 * word is used again, and then knows too much, which hides a race at worst.
 */

enum { GENERATIONS = 4096, VERSIONS = 1 << 16 };

static uint64_t words[GENERATIONS];
static uint32_t generation, newest_in_use;

/* The type that a name is looked up in: where its version is, and what it was. */
static __thread struct {
	const volatile uint32_t *version;
	uint32_t was;
} looked_in __attribute__((tls_model("initial-exec")));

/* A type's version << 32, and the generation of now when an entry was first filled for it. */
static uint64_t versions[VERSIONS];

static inline uint64_t *slot_of(uint32_t version)
{
	/* Static types count from 1, others from 65,536. */
	return &versions[(version ^ version >> 16 << 15) % VERSIONS];
}

/*
 * As long as no version belongs to a generation, what is changed more belongs to it, too. If one
 * came to it meanwhile, some thread may have acquired it too early: that takes a new one.
 */
static void next_generation(void)
{
	uint32_t now = __atomic_load_n(&generation, __ATOMIC_ACQUIRE);
	do {
		if (__atomic_load_n(&newest_in_use, __ATOMIC_ACQUIRE) != now) {
			tsan_release(&words[now % GENERATIONS]);
			__atomic_thread_fence(__ATOMIC_SEQ_CST);
			if (__atomic_load_n(&newest_in_use, __ATOMIC_ACQUIRE) != now)
				return;
		}
		tsan_acquire(&words[now % GENERATIONS]);
		tsan_release(&words[(now + 1) % GENERATIONS]);
	} while (!__atomic_compare_exchange_n(&generation, &now, now + 1, false, __ATOMIC_SEQ_CST,
					      __ATOMIC_ACQUIRE));
}

/* The generation of now; what is changed from here on belongs to the next. */
static __attribute__((noinline)) uint32_t use_generation(void)
{
	uint32_t now = __atomic_load_n(&generation, __ATOMIC_ACQUIRE);
	uint32_t used = __atomic_load_n(&newest_in_use, __ATOMIC_ACQUIRE);
	while ((int32_t)(now - used) > 0 &&
	       !__atomic_compare_exchange_n(&newest_in_use, &used, now, false, __ATOMIC_SEQ_CST,
					    __ATOMIC_ACQUIRE))
		continue;
	return now;
}

static inline uint32_t generation_of(uint32_t version)
{
	uint64_t both = __atomic_load_n(slot_of(version), __ATOMIC_ACQUIRE);
	/* Each interpreter counts for itself. */
	if (UNLIKELY(both >> 32 != version) || UNLIKELY(type_cache_more_locks != 0))
		return use_generation();
	return (uint32_t)both;
}

static __attribute__((noinline)) void acquire_generation(uint32_t wanted)
{
	tsan_acquire(&words[wanted % GENERATIONS]);
	type_cache_acquired = wanted;
}

/* This thread knows what was done to a type until it got this version. */
static inline void acquire_version(uint32_t version)
{
	uint32_t wanted = generation_of(version);
	if (UNLIKELY((int32_t)(wanted - type_cache_acquired) > 0))
		acquire_generation(wanted);
}

static void remember_generation(uint32_t version)
{
	uint64_t *slot = slot_of(version);
	if (__atomic_load_n(slot, __ATOMIC_RELAXED) >> 32 == version)
		return;
	__atomic_store_n(slot, (uint64_t)version << 32 | use_generation(), __ATOMIC_RELEASE);
}

/* The locks of all types: one of each interpreter. */

enum { LOCKS = 64 };
static const volatile uint8_t *more_locks[LOCKS];

static bool is_of_subinterpreter(const volatile uint8_t *lock)
{
	uint32_t known = __atomic_load_n(&type_cache_more_locks, __ATOMIC_ACQUIRE);
	if (known > LOCKS) /* not all of them are remembered: any lock may be one */
		return true;
	for (uint32_t i = 0; i < known; i++)
		if (__atomic_load_n(&more_locks[i], __ATOMIC_RELAXED) == lock)
			return true;
	return false;
}

static void learn(const volatile uint8_t *lock)
{
	const volatile uint8_t *unknown = NULL;
	if (LIKELY(type_cache_lock == lock) ||
	    __atomic_compare_exchange_n(&type_cache_lock, &unknown, lock, false, __ATOMIC_ACQ_REL,
					__ATOMIC_ACQUIRE) ||
	    is_of_subinterpreter(lock))
		return;
	uint32_t at = __atomic_fetch_add(&type_cache_more_locks, 1, __ATOMIC_ACQ_REL);
	if (at < LOCKS)
		__atomic_store_n(&more_locks[at], lock, __ATOMIC_RELEASE);
}

/* A type that still has its version has not been changed since it got it. */
void type_cache_locked(const volatile uint8_t *lock)
{
	learn(lock);
	if (looked_in.version && looked_in.was && *looked_in.version == looked_in.was)
		acquire_version(looked_in.was);
	else
		tsan_acquire(lock);
	looked_in.version = NULL;
}

void type_cache_next_generation(const volatile uint8_t *lock)
{
	if (lock == type_cache_lock || is_of_subinterpreter(lock))
		next_generation();
}

/* An extension has put something into a type's dict, perhaps without the lock. */
EXPORT void PyType_Modified(void *type);
void PyType_Modified(void *type)
{
	static void (*real)(void *);
	if (!real)
		real = (void (*)(void *))symbol_need("PyType_Modified");
	if (type_cache_lock)
		next_generation();
	JUMP real(type);
}

/* The sequence lock of an entry, Python/lock.c. */

typedef void write_lock(uint32_t *sequence);
typedef uint32_t begin_read(const uint32_t *sequence);
typedef int end_read(const uint32_t *sequence, uint32_t previous);

static write_lock *real_lock, *real_unlock, *real_abandon;
static begin_read *real_begin;
static end_read *real_end;

static __attribute__((noinline, cold)) bool find_real(void)
{
	real_lock = (write_lock *)symbol_need("_PySeqLock_LockWrite");
	real_unlock = (write_lock *)symbol_need("_PySeqLock_UnlockWrite");
	real_abandon = (write_lock *)symbol_need("_PySeqLock_AbandonWrite");
	real_begin = (begin_read *)symbol_need("_PySeqLock_BeginRead");
	real_end = (end_read *)symbol_need("_PySeqLock_EndRead");
	return false;
}

static inline bool is_on(void)
{
	if (LIKELY(order_type_cache))
		return true;
	return real_end ? false : find_real();
}

static __attribute__((noinline, cold)) void yield(void)
{
	raw_syscall3(SYS_sched_yield, 0, 0, 0);
}

static struct type_cache_entry *entry_of(const uint32_t *sequence)
{
	return (struct type_cache_entry *)((uintptr_t)sequence -
					   offsetof(struct type_cache_entry, sequence));
}

EXPORT begin_read _PySeqLock_BeginRead;
uint32_t _PySeqLock_BeginRead(const uint32_t *sequence)
{
	if (UNLIKELY(!is_on()))
		JUMP real_begin(sequence);
	type_cache_entry = entry_of(sequence);
	uint32_t now;
	while ((now = __atomic_load_n(sequence, __ATOMIC_ACQUIRE)) & 1)
		yield();
	return now;
}

uint32_t type_cache_load(const volatile uint32_t *word)
{
	uint32_t version = __atomic_load_n(word, __ATOMIC_ACQUIRE);
	const struct type_cache_entry *entry = type_cache_entry;
	if (word == &entry->version)
		return version;
	type_cache_entry = NULL;
	looked_in.version = word;
	looked_in.was = version;
	/* Where the entry is another one's, 3.15 goes on without the lock of all types. */
	if (version)
		acquire_version(version);
	return version;
}

EXPORT end_read _PySeqLock_EndRead;
int _PySeqLock_EndRead(const uint32_t *sequence, uint32_t previous)
{
	if (UNLIKELY(!is_on()))
		JUMP real_end(sequence, previous);
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	if (LIKELY(__atomic_load_n(sequence, __ATOMIC_RELAXED) == previous))
		return 1;
	yield();
	return 0;
}

/*
 * The name that was in an entry is given back by who fills it again, in a decrement that would be
 * told: to which thread's memory it belongs depends on addresses. So another thread's name is given
 * back here, without a word, or kept, if it was the last: it is some bytes long.
 */

enum { SHARED_ONE = 4, SHARED_MERGED = 3 };

static void give_back(void *name)
{
	volatile uint64_t *shared = (volatile uint64_t *)((char *)name + OBJECT_COUNT_SHARED);
	uint64_t was = __atomic_load_n(shared, __ATOMIC_RELAXED);
	/* None is left, or so many fewer than none: it is the owner who would have to see to it. */
	while ((int64_t)was >= SHARED_ONE && was != SHARED_ONE + SHARED_MERGED)
		if (__atomic_compare_exchange_n(shared, &was, was - SHARED_ONE, false,
						__ATOMIC_ACQ_REL, __ATOMIC_RELAXED))
			return;
}

static void take_name_out(struct type_cache_entry *entry)
{
	void *name = entry->name;
	if (!name || name == none ||
	    *(void *volatile *)((char *)name + OBJECT_THREAD) == __builtin_thread_pointer())
		return;
	__atomic_store_n(&entry->name, none, __ATOMIC_RELAXED);
	if (*(volatile uint32_t *)((char *)name + OBJECT_COUNT_LOCAL) != UINT32_MAX) /* immortal */
		give_back(name);
}

EXPORT write_lock _PySeqLock_LockWrite;
void _PySeqLock_LockWrite(uint32_t *sequence)
{
	if (UNLIKELY(!is_on()))
		JUMP real_lock(sequence);
	uint32_t was = __atomic_load_n(sequence, __ATOMIC_RELAXED);
	while ((was & 1) || !__atomic_compare_exchange_n(sequence, &was, was + 1, false,
							 __ATOMIC_SEQ_CST, __ATOMIC_RELAXED)) {
		yield();
		was = __atomic_load_n(sequence, __ATOMIC_RELAXED);
	}
	tsan_ignore_begin();
	tsan_ignore_sync_begin("", 0);
	take_name_out(entry_of(sequence));
}

static void end_write(uint32_t *sequence, int32_t change)
{
	__atomic_store_n(sequence, *sequence + (uint32_t)change, __ATOMIC_SEQ_CST);
	tsan_ignore_sync_end("", 0);
	tsan_ignore_end();
}

/*
 * While type_cache_probe() looks: the name that it has looked up, and whether an entry was filled
 * with it. Other entries are filled, too: those of the exception that says that there is no such
 * name, unless earlier exceptions have left them there.
 */
static void *probed_name;
static bool probe_seen;

static __attribute__((noinline, cold)) void look_at_filled(const struct type_cache_entry *entry)
{
	probe_seen |= entry->name == probed_name && !entry->value && entry->version;
}

EXPORT write_lock _PySeqLock_UnlockWrite;
void _PySeqLock_UnlockWrite(uint32_t *sequence)
{
	if (UNLIKELY(!is_on())) {
		if (UNLIKELY(probed_name))
			look_at_filled(entry_of(sequence));
		JUMP real_unlock(sequence);
	}
	remember_generation(entry_of(sequence)->version);
	end_write(sequence, 1);
}

EXPORT write_lock _PySeqLock_AbandonWrite;
void _PySeqLock_AbandonWrite(uint32_t *sequence)
{
	if (UNLIKELY(!is_on()))
		JUMP real_abandon(sequence);
	end_write(sequence, -1);
}

/* A name that no type has is looked up: an entry gets it, with a version and no value. */
bool type_cache_probe(void)
{
	void *(*text)(const char *) =
		(void *(*)(const char *))symbol_next("PyUnicode_InternFromString");
	void *(*attribute)(void *, void *) =
		(void *(*)(void *, void *))symbol_next("PyObject_GetAttr");
	void (*clear)(void) = (void (*)(void))symbol_next("PyErr_Clear");
	void *type = symbol_next("PyList_Type");
	void *name = text && attribute && clear && type ? text("ftstress type cache") : NULL;
	if (!name)
		return false;
	probe_seen = false;
	probed_name = name;
	bool found = attribute(type, name);
	probed_name = NULL;
	clear();
	return probe_seen && !found;
}
