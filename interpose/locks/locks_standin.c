/*
 * locks_standin.c - puts the locks that a thread holds into ThreadSanitizer's own history.
 *
 * With each access TSan remembers which mutexes the thread held at that moment; so it can report
 * them for the earlier side of a race, too. But it knows only pthread's. Every other lock gets a
 * stand-in: an address of which TSan is told that it is a mutex, acquired and released together
 * with the lock. There is one for each thread and each class of locks, in a region of addresses
 * that is reserved and never touched:
 *
 *     region    | thread 0: class 0 class 1 ... class 511 | thread 1: class 0 ... |
 *
 * A stand-in must not order threads, and for two reasons it does not. First, no two threads have
 * one in common. Second, TSan acquires and releases clocks (and uses up an epoch) only when a mutex
 * is acquired from free, or becomes free. A stand-in is made as a recursive mutex, acquired twice
 * and released once. From then on it is never free again:
 *
 *     TSan's count of it    0 ──make()──► 2 ──► 1 ──acquire──► 2 ──release──► 1 ──► 2 ──► 1 ...
 *
 * A class is what a report says of a lock: the critical section of a type, the line that makes a
 * threading.Lock, the address of any other lock.
 */
#include "interpose/locks/locks.h"
#include "interpose/base/symbol.h"

#include "interpose/python/layout.h"
#include "interpose/python/object.h"

#include <stdlib.h>
#include <sys/mman.h>

enum {
	CLASSES = 512,  /* as many as standins_made has bits */
	THREADS = 8192, /* rows; a thread of a process that has had more gets no stand-ins */
	BYTES = 8,      /* of a stand-in; TSan tells addresses apart by 8 bytes */
	TRIES = 16,
	OTHERS = 0,         /* the class of all locks for whose class there is no room */
	MUTEX_TRY = 1 << 4, /* llvm: sanitizer/tsan_interface.h */
	MUTEX_RECURSIVE = 1 << 6,
};

static struct class {
	uint64_t key; /* 0 = free; written last */
	struct standin lock;
} classes[CLASSES] = { { 1, { .kind = 0 } } };
static struct raw_lock classes_lock;

static uint64_t region; /* 0: there are no stand-ins */

static void (*pre_lock)(void *mutex, unsigned flags);
static void (*post_lock)(void *mutex, unsigned flags, int times);
static void (*acquired)(char *file, int line, uint64_t mutex, uint64_t writes);
static void (*released)(char *file, int line, uint64_t mutex, uint64_t writes);

/* The type of the object that the mutex is part of. */
static inline uint64_t type_at(uint64_t mutex)
{
	return load64((const void *)mutex, OBJECT_TYPE - OBJECT_MUTEX);
}

static uint64_t key_of(const struct lock *lock, uint64_t identity)
{
	uint64_t key = lock->address;
	if (fts_lock_is(lock->kind, FTS_BY_TYPE))
		key = type_at(lock->address);
	else if (identity)
		key = identity >> 28 | 1ull << 60;
	return (key << 4 ^ (uint64_t)lock->kind) | 1ull << 63;
}

static void describe(struct standin *out, const struct lock *lock, uint64_t identity)
{
	struct object object;
	*out = (struct standin){ .kind = lock->kind,
				 .address = lock->address,
				 .identity = identity };
	if (fts_lock_is(lock->kind, FTS_BY_TYPE)) {
		out->flags = FTS_HELD_IN_OBJECT;
		out->object_type = type_at(lock->address);
		object_type_name(out->object_type, out->type, sizeof out->type);
	} else if (lock->kind == FTS_LOCK_MODULE) {
		python_module_name(lock->address, out->type, sizeof out->type);
	} else if (!identity && object_find(lock->address, &object) && object.type[0]) {
		out->flags = FTS_HELD_IN_OBJECT;
		raw_copy(out->type, object.type, sizeof out->type - 1);
	}
}

static __attribute__((noinline)) unsigned new_class(uint64_t key, unsigned at,
						    const struct lock *lock, uint64_t identity)
{
	unsigned found = OTHERS;
	struct standin standin;
	describe(&standin, lock, identity);
	raw_lock(&classes_lock);
	for (unsigned i = 0; i < TRIES && !found; i++) {
		struct class *class = &classes[(at + i) % CLASSES];
		if (class->key && class->key != key)
			continue;
		found = (unsigned)(class - classes);
		if (!class->key)
			class->lock = standin;
		__atomic_store_n(&class->key, key, __ATOMIC_RELEASE);
	}
	raw_unlock(&classes_lock);
	return found;
}

static inline unsigned class_of(const struct lock *lock, uint64_t identity)
{
	uint64_t key = key_of(lock, identity);
	unsigned at = (unsigned)(key * 0x9e3779b97f4a7c15ull >> 55);
	for (unsigned i = 0; i < TRIES; i++) {
		uint64_t seen = __atomic_load_n(&classes[(at + i) % CLASSES].key, __ATOMIC_ACQUIRE);
		if (LIKELY(seen == key))
			return (at + i) % CLASSES;
		if (!seen)
			break;
	}
	return new_class(key, at, lock, identity);
}

static inline uint64_t address_of(const struct thread *thread, unsigned class)
{
	return region + ((uint64_t)thread->standin_row * CLASSES + class) * BYTES;
}

static __attribute__((noinline)) void make(struct thread *thread, unsigned class)
{
	void *mutex = (void *)address_of(thread, class);
	thread->standins_made[class / 64] |= 1ull << class % 64;
	pre_lock(mutex, MUTEX_TRY);
	post_lock(mutex, MUTEX_TRY | MUTEX_RECURSIVE, 2);
	released(NULL, 0, (uint64_t)mutex, 1);
}

bool standin_wanted(const struct lock *lock)
{
	return region && lock->kind != FTS_LOCK_PTHREAD && lock->kind != FTS_LOCK_PTHREAD_RW &&
	       lock->kind != FTS_LOCK_SPIN;
}

void standin_take(struct thread *thread, unsigned slot, const struct lock *lock, uint64_t identity)
{
	if (UNLIKELY(thread->standin_row >= THREADS))
		return;
	unsigned class = class_of(lock, identity);
	if (UNLIKELY(!(thread->standins_made[class / 64] >> class % 64 & 1)))
		make(thread, class);
	acquired(NULL, 0, address_of(thread, class), 1);
	thread->standin[slot] = (uint16_t)(class + 1);
}

void standin_give(struct thread *thread, unsigned slot)
{
	unsigned class = thread->standin[slot] - 1u;
	thread->standin[slot] = 0;
	released(NULL, 0, address_of(thread, class), 1);
}

bool standins_live(void)
{
	return region != 0;
}

bool standin_find(uint64_t address, struct standin *out)
{
	if (!region || address - region >= (uint64_t)THREADS * CLASSES * BYTES)
		return false;
	*out = classes[(address - region) / BYTES % CLASSES].lock;
	/* At the type's address another type may lie now. Then the name is not known. */
	char type[sizeof out->type];
	if (out->object_type &&
	    (!object_type_name(out->object_type, type, sizeof type) || !raw_same(type, out->type)))
		out->type[0] = '\0';
	return true;
}

/* TSan's own detector of deadlocks would take a stand-in for a lock that is never released. */
static bool detector_is_off(void)
{
	static const char off[] = "detect_deadlocks=0";
	const char *options = getenv("TSAN_OPTIONS");
	for (; options && *options; options++) {
		unsigned same = 0;
		while (off[same] && options[same] == off[same])
			same++;
		if (!off[same])
			return true;
	}
	return false;
}

void standins_start(void)
{
	pre_lock = (void (*)(void *, unsigned))symbol_next("__tsan_mutex_pre_lock");
	post_lock = (void (*)(void *, unsigned, int))symbol_next("__tsan_mutex_post_lock");
	acquired = (void (*)(char *, int, uint64_t, uint64_t))symbol_next("AnnotateRWLockAcquired");
	released = (void (*)(char *, int, uint64_t, uint64_t))symbol_next("AnnotateRWLockReleased");
	if (!pre_lock || !post_lock || !acquired || !released || !detector_is_off())
		return;
	long at = raw_syscall6(SYS_mmap, 0, (long)THREADS * CLASSES * BYTES, PROT_NONE,
			       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (at > 0)
		region = (uint64_t)at;
}

/* It comes last of the locks: whoever holds it acquires no other one. */
void standin_before_fork(void)
{
	raw_lock(&classes_lock);
}

void standin_after_fork(void)
{
	raw_unlock(&classes_lock);
}
