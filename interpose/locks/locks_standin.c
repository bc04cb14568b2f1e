/*
 * locks_standin.c - which locks a thread holds, in ThreadSanitizer's history.
 *
 * TSan knows pthread's locks only. Every other lock has a stand-in there (history.h): an address that
 * is entered as a mutex when a thread acquires the lock, and taken out when it releases it. All locks
 * of a class have the same one. A class is what a report says of a lock: the critical section of a
 * type, the line that makes a threading.Lock, the address of any other lock.
 *
 *     places    class 0 | class 1 | ... named ... || ... PyMutexes ...    a word each
 *
 * Only the addresses of the words are used. Of PyMutexes outside of objects there can be any number,
 * one in the keys of each dict for instance. So they have a half of their own; those that find no room
 * in it are one class, "a PyMutex".
 *
 * A report must not say that a thread held no lock where that is not known. So two stand-ins are
 * not of a class: one for locks of classes that there is no room for, one for locks that were not
 * seen or do not fit in TSan's set of a thread.
 */
#include "interpose/locks/locks.h"
#include "interpose/base/ring.h"
#include "interpose/base/history.h"
#include "interpose/python/layout.h"
#include "interpose/python/object.h"
#include "interpose/variables/variables.h"

enum {
	HALF = 2048,
	CLASSES = 2 * HALF,
	TRIES = 16,
	OTHERS = 0,    /* all locks for whose class there is no room */
	UNSEEN = 1,    /* all locks that a thread holds and that can't be told one by one */
	PYMUTEXES = 2, /* all PyMutexes for which there is no room */
	RESERVED_KEY = 1,
};

static struct class {
	uint64_t key; /* 0 = free; written last */
	struct standin lock;
} classes[CLASSES] = {
	[OTHERS] = { .key = RESERVED_KEY },
	[UNSEEN] = { .key = RESERVED_KEY },
	[PYMUTEXES] = { .key = RESERVED_KEY, .lock = { .kind = FTS_LOCK_PYMUTEX } },
};
static struct raw_lock classes_lock;
static uint64_t places[CLASSES];

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

void standin_describe(struct standin *out, const struct lock *lock, uint64_t identity)
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

/* Where the search for a class begins; it goes on in the same half. */
static inline unsigned first_place(uint64_t key, enum fts_lock_kind kind)
{
	unsigned at = (unsigned)(key * 0x9e3779b97f4a7c15ull >> 53);
	return kind == FTS_LOCK_PYMUTEX ? at | HALF : at;
}

static inline unsigned place(unsigned first, unsigned tries)
{
	return (first & HALF) | (first + tries) % HALF;
}

/* There is no room for a class in its places: they are all used, and stay so. */
static unsigned no_class(enum fts_lock_kind kind)
{
	if (kind == FTS_LOCK_PYMUTEX)
		return PYMUTEXES;
	ring_limit(FTS_LIMIT_LOCK_CLASSES);
	return OTHERS;
}

static __attribute__((noinline)) unsigned new_class(uint64_t key, unsigned first,
						    const struct lock *lock, uint64_t identity)
{
	unsigned found = OTHERS;
	struct standin standin;
	standin_describe(&standin, lock, identity);
	raw_lock(&classes_lock);
	for (unsigned i = 0; i < TRIES && !found; i++) {
		struct class *class = &classes[place(first, i)];
		if (class->key && class->key != key)
			continue;
		found = (unsigned)(class - classes);
		if (!class->key)
			class->lock = standin;
		__atomic_store_n(&class->key, key, __ATOMIC_RELEASE);
	}
	raw_unlock(&classes_lock);
	return found ? found : no_class(lock->kind);
}

static inline uint64_t key_at(unsigned class)
{
	return __atomic_load_n(&classes[class].key, __ATOMIC_ACQUIRE);
}

/* A lock is acquired only for a class that is met for the first time. */
static unsigned class_of(const struct lock *lock, uint64_t identity)
{
	uint64_t key = key_of(lock, identity);
	unsigned first = first_place(key, lock->kind);
	for (unsigned i = 0; i < TRIES; i++) {
		uint64_t seen = key_at(place(first, i));
		if (seen == key)
			return place(first, i);
		if (!seen)
			return new_class(key, first, lock, identity);
	}
	return no_class(lock->kind);
}

/* The last place of the set is for what does not fit. */
static inline bool is_full(char *of_tsan)
{
	return history_set(of_tsan)->count >= HISTORY_MOST - 1;
}

static __attribute__((noinline)) void take_slowly(struct thread *thread, unsigned slot,
						  struct lock lock, uint64_t identity)
{
	char *of_tsan = history_of_thread();
	unsigned class = class_of(&lock, identity);
	if (is_full(of_tsan)) {
		ring_limit(FTS_LIMIT_LOCKS_TOLD);
		class = UNSEEN;
	}
	if (!history_make_room(of_tsan))
		return;
	history_lock(of_tsan, (uint64_t)&places[class]);
	thread->standin[slot] = (uint16_t)(class + 1);
}

void standin_take(struct thread *thread, unsigned slot, struct lock lock, uint64_t identity)
{
	if (UNLIKELY(!history.known))
		return;
	char *of_tsan = history_of_thread();
	uint64_t key = key_of(&lock, identity);
	unsigned class = first_place(key, lock.kind);
	if (UNLIKELY(key_at(class) != key) || UNLIKELY(is_full(of_tsan)) ||
	    UNLIKELY(!history_has_room(of_tsan)))
		JUMP take_slowly(thread, slot, lock, identity);
	history_lock(of_tsan, (uint64_t)&places[class]);
	thread->standin[slot] = (uint16_t)(class + 1);
}

static __attribute__((noinline)) void give_slowly(struct thread *thread, unsigned slot)
{
	char *of_tsan = history_of_thread();
	unsigned class = thread->standin[slot] - 1u;
	if (!history_make_room(of_tsan))
		return;
	thread->standin[slot] = 0;
	history_unlock(of_tsan, (uint64_t)&places[class]);
}

void standin_give(struct thread *thread, unsigned slot)
{
	char *of_tsan = history_of_thread();
	unsigned class = thread->standin[slot] - 1u;
	if (UNLIKELY(!history_has_room(of_tsan)))
		JUMP give_slowly(thread, slot);
	thread->standin[slot] = 0;
	history_unlock(of_tsan, (uint64_t)&places[class]);
}

/* Of a threading.Lock or RLock, on a thread's Python fiber (variables.h). */
static void hold_python(const void *object, bool reentrant, bool takes)
{
	struct lock lock = lock_of((const char *)object + python_at.lock_mutex,
				   reentrant ? FTS_LOCK_RLOCK : FTS_LOCK_LOCK);
	uint64_t identity = python_identity(lock.address, lock.kind);
	unsigned class = class_of(&lock, identity);
	char *of_tsan = history_of_thread();
	struct history_set *set = history_set(of_tsan);
	if (!history_make_room(of_tsan))
		return;
	if (takes) {
		history_lock(of_tsan, (uint64_t)&places[is_full(of_tsan) ? UNSEEN : class]);
		return;
	}
	for (uint64_t i = 0; i < set->count; i++)
		if (set->mutexes[i].address == (uint64_t)&places[class]) {
			history_unlock(of_tsan, (uint64_t)&places[class]);
			return;
		}
	/* Another thread has taken it: it is no lock in which something is guarded. */
	__atomic_store_n(&classes[class].lock.handed_over, true, __ATOMIC_RELAXED);
}

void standin_look_at_python(void)
{
	if (history.known)
		variables_holds = hold_python;
}

void standin_unseen(void)
{
	if (history.known && history_make_room(history_of_thread()))
		history_lock(history_of_thread(), (uint64_t)&places[UNSEEN]);
}

bool standins_live(void)
{
	return history.known;
}

bool standin_find(uint64_t address, struct standin *out)
{
	uint64_t offset = address - (uint64_t)places;
	if (!history.known || offset >= sizeof places)
		return false;
	*out = classes[offset / sizeof *places].lock;
	/* At the address another type may lie now, or another object. Then the name is not known. */
	char type[sizeof out->type] = "";
	struct object object;
	if (out->object_type)
		object_type_name(out->object_type, type, sizeof type);
	else if (out->flags & FTS_HELD_IN_OBJECT && object_find(out->address, &object))
		raw_copy(type, object.type, sizeof type - 1);
	if (out->flags & FTS_HELD_IN_OBJECT && !raw_same(type, out->type))
		out->type[0] = '\0';
	return true;
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
