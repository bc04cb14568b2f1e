/*
 * locks.c - see locks.h. The lists of locks held, and the wrappers of PyMutex.
 *
 * A list has one writer, its thread. Another thread may only clear a slot, with a compare-exchange
 * on its address: it gave back a lock that the owner of the list had taken.
 */
#define _GNU_SOURCE
#include "interpose/locks/locks.h"
#include "interpose/locks/locks_fork.h"
#include "interpose/python/layout.h"
#include "interpose/base/symbol.h"

#include "interpose/base/per_thread.h"
#include "interpose/base/history.h"
#include "interpose/base/ring.h"
#include "interpose/turns/turns.h"
#include "interpose/variables/variables.h"

#include <dlfcn.h>
#include <link.h>
#include <stdlib.h>
#include <sys/mman.h>

enum { AGAIN = 1 << 16 }; /* in fts_held.flags: counts how often it was taken again */

HIDDEN bool locks_on;

static struct fts_lock_thread *registry;
extern EXPORT struct fts_locks ftstress_locks;
struct fts_locks ftstress_locks; /* read by the runner */
static struct raw_lock registry_lock;
static uint32_t slots_used;   /* of the registry: those from here on were never claimed */
static uint32_t thread_count; /* numbers given */
static uint64_t sequence;
static struct per_thread threads = { .size = sizeof(struct thread) };
static __thread struct thread *self __attribute__((tls_model("initial-exec")));
static __thread bool refused __attribute__((tls_model("initial-exec")));

struct fts_lock_thread *locks_registry(uint32_t *count)
{
	*count = __atomic_load_n(&slots_used, __ATOMIC_ACQUIRE);
	return registry;
}

uint64_t locks_sequence(void)
{
	return __atomic_add_fetch(&sequence, 1, __ATOMIC_RELAXED);
}

void locks_event(const struct fts_lock_event *event)
{
	struct ring_part part = { event, sizeof *event };
	ring_write(FTS_REC_LOCK_EVENT, &part, 1);
}

/* Threads. */

static uint64_t own_pthread(void)
{
	uint64_t pointer;
	__asm__("movq %%fs:16, %0" : "=r"(pointer)); /* tcbhead_t.self, which is pthread_self() */
	return pointer;
}

/* A slot whose thread had the same pthread_t, or a free one, or one of a thread that is gone. */
static struct fts_lock_thread *find_slot(uint64_t pthread)
{
	struct fts_lock_thread *found = NULL;
	for (unsigned i = 0; i < FTS_LOCK_THREADS; i++) {
		if (registry[i].self == pthread)
			return &registry[i];
		if (!found && registry[i].tid == 0)
			found = &registry[i];
	}
	for (unsigned i = 0; i < FTS_LOCK_THREADS && !found; i++)
		if (raw_is_gone(registry[i].tid))
			found = &registry[i];
	return found;
}

static struct thread *claim(uint32_t number)
{
	struct thread *thread = per_thread_claim(&threads);
	if (!thread)
		return NULL;
	raw_lock(&registry_lock);
	struct fts_lock_thread *slot = find_slot(own_pthread());
	if (slot) {
		slot->number = number;
		slot->used = slot->overflow = 0;
		slot->wait_address = slot->wait_own.address = 0;
		slot->self = own_pthread();
		for (unsigned i = 0; i < FTS_HELD_MAX; i++)
			slot->held[i].address = 0;
		__atomic_store_n(&slot->tid, raw_gettid(), __ATOMIC_RELEASE);
		if (slot >= registry + slots_used)
			__atomic_store_n(&slots_used, (uint32_t)(slot - registry) + 1,
					 __ATOMIC_RELEASE);
	}
	raw_unlock(&registry_lock);
	if (!slot) {
		ring_limit(FTS_LIMIT_LOCK_THREADS);
		per_thread_release(thread);
		return NULL;
	}
	thread->shared = slot;
	return thread;
}

static __attribute__((noinline)) struct thread *first_use(uint32_t number)
{
	if (refused)
		return NULL;
	refused = true; /* what is called from here may take a lock */
	self = claim(number);
	refused = self == NULL;
	if (refused)
		standin_unseen();
	return self;
}

struct thread *locks_thread(void)
{
	if (LIKELY(self))
		return self;
	return first_use(__atomic_add_fetch(&thread_count, 1, __ATOMIC_RELAXED));
}

uint32_t locks_thread_created(void)
{
	if (!locks_on)
		return 0;
	struct thread *thread = locks_thread();
	uint32_t number = __atomic_add_fetch(&thread_count, 1, __ATOMIC_RELAXED);
	if (thread)
		locks_event(&(struct fts_lock_event){ .kind = FTS_LOCK_STARTED,
						      .thread = thread->shared->number,
						      .other = number,
						      .sequence = locks_sequence() });
	return number;
}

void locks_thread_started(uint32_t number)
{
	if (locks_on && number && !self)
		first_use(number);
}

/* The lists. */

static struct fts_held *find_held(struct fts_lock_thread *list, uint64_t address)
{
	for (uint32_t i = list->used; i-- > 0;)
		if (list->held[i].address == address)
			return &list->held[i];
	return NULL;
}

/* The slot is not that of a lock held any more; its stand-in may still be. */
static inline void drop_standin(struct thread *thread, uint32_t slot)
{
	if (thread->standin[slot])
		standin_give(thread, slot);
}

void locks_drop(struct thread *thread, struct fts_held *held)
{
	__atomic_store_n(&held->address, 0, __ATOMIC_RELEASE);
	drop_standin(thread, (uint32_t)(held - thread->shared->held));
}

static inline bool is_free(const struct fts_lock_thread *list, uint32_t slot)
{
	return __atomic_load_n(&list->held[slot].address, __ATOMIC_RELAXED) == 0;
}

static __attribute__((noinline)) void trim_slowly(struct thread *thread)
{
	struct fts_lock_thread *list = thread->shared;
	while (list->used && is_free(list, list->used - 1))
		drop_standin(thread, --list->used);
	if (!list->used)
		list->overflow = 0;
}

/* The last slot in use is that of a lock held, if there is one; behind it, none has a stand-in. */
static inline void trim(struct thread *thread)
{
	const struct fts_lock_thread *list = thread->shared;
	if (UNLIKELY(list->used ? is_free(list, list->used - 1) : list->overflow))
		trim_slowly(thread);
}

/* FTS_HELD_MAX: there is none. */
static __attribute__((noinline)) uint32_t search_slot(struct thread *thread)
{
	uint32_t slot = 0;
	while (slot < FTS_HELD_MAX && !is_free(thread->shared, slot))
		slot++;
	if (slot < FTS_HELD_MAX) {
		drop_standin(thread, slot);
		return slot;
	}
	ring_limit(FTS_LIMIT_LOCKS_HELD);
	thread->shared->overflow = 1;
	return slot;
}

static inline uint32_t free_slot(struct thread *thread)
{
	trim(thread);
	if (LIKELY(thread->shared->used < FTS_HELD_MAX))
		return thread->shared->used++;
	return search_slot(thread);
}

/* The thread has acquired a lock that is in its list. False: it needs no other slot. */
static __attribute__((noinline)) bool taken_again(struct thread *thread, struct fts_held *held,
						  enum fts_lock_kind kind)
{
	if (fts_lock_is(kind, FTS_COUNTED)) {
		held->flags += AGAIN; /* a recursive mutex, or read twice */
		return false;
	}
	drop_standin(thread, (uint32_t)(held - thread->shared->held));
	return true;
}

void locks_taken(struct thread *thread, struct lock lock, struct call_site site)
{
	struct fts_lock_thread *list = thread->shared;
	struct fts_held *held = list->used ? find_held(list, lock.address) : NULL;
	if (UNLIKELY(held) && !taken_again(thread, held, lock.kind))
		return;
	uint32_t index = held ? (uint32_t)(held - list->held) : free_slot(thread);
	if (UNLIKELY(index == FTS_HELD_MAX))
		return;
	struct fts_held *slot = &list->held[index];
	slot->identity =
		lock.kind == FTS_LOCK_OBJECT ? 0 : python_identity(lock.address, lock.kind);
	slot->kind = lock.kind;
	slot->flags = lock.flags;
	slot->pc = (uint64_t)site.pc;
	slot->fp = *(const uint64_t *)site.hook;
	python_position(slot, python_tstate());
	thread->held_since[index] = ticks_now();
	__atomic_store_n(&slot->address, lock.address, __ATOMIC_RELEASE);
	if (standin_wanted(lock.kind))
		standin_take(thread, index, lock, slot->identity);
}

static void tell_signal(uint64_t address, enum fts_lock_kind kind)
{
	uint64_t identity = python_identity(address, kind);
	python_set_signal(address, kind);
	if (!python_set_in_graph(address, kind, false))
		return;
	locks_event(&(struct fts_lock_event){ .kind = FTS_LOCK_SIGNAL,
					      .address = address,
					      .identity = identity,
					      .sequence = locks_sequence() });
}

/* Takes the lock out of the lists of all threads. False: it is in none. */
static bool clear_in_all(uint64_t address)
{
	uint32_t count;
	struct fts_lock_thread *lists = locks_registry(&count);
	bool found = false;
	for (uint32_t i = 0; i < count; i++) {
		uint32_t used = __atomic_load_n(&lists[i].used, __ATOMIC_RELAXED);
		for (uint32_t k = 0; lists[i].tid && k < used && k < FTS_HELD_MAX; k++) {
			uint64_t *slot = &lists[i].held[k].address, expected = address;
			if (__atomic_load_n(slot, __ATOMIC_RELAXED) == address)
				found |= __atomic_compare_exchange_n(slot, &expected, 0, false,
								     __ATOMIC_RELAXED,
								     __ATOMIC_RELAXED);
		}
	}
	return found;
}

void locks_ended(uint64_t address, enum fts_lock_kind kind)
{
	/* Of a signal that is given back, the list of who took it was not told. */
	if (python_is_signal(address, kind) || !python_is_free(address, kind))
		clear_in_all(address);
}

/*
 * Most locks are released in the reverse order in which they were acquired. False: this one is not,
 * and nothing was done.
 */
static inline bool given_last(struct thread *thread, uint64_t address)
{
	struct fts_lock_thread *list = thread->shared;
	if (UNLIKELY(!list->used))
		return false;
	uint32_t slot = list->used - 1;
	struct fts_held *held = &list->held[slot];
	if (UNLIKELY(held->address != address || held->flags >= AGAIN))
		return false;
	profile_given(thread, slot, address);
	__atomic_store_n(&held->address, 0, __ATOMIC_RELEASE);
	list->used = slot;
	drop_standin(thread, slot);
	trim(thread);
	return true;
}

void locks_given(struct thread *thread, uint64_t address, enum fts_lock_kind kind)
{
	if (given_last(thread, address))
		return;
	struct fts_lock_thread *list = thread->shared;
	struct fts_held *held = find_held(list, address);
	if (held && held->flags >= AGAIN) {
		held->flags -= AGAIN;
	} else if (LIKELY(held)) {
		profile_given(thread, (uint32_t)(held - list->held), address);
		locks_drop(thread, held);
		trim(thread);
	} else if (fts_lock_is(kind, FTS_SIGNAL) && !python_is_signal(address, kind) &&
		   clear_in_all(address)) {
		tell_signal(address, kind); /* another thread took it */
	}
}

void locks_order(struct thread *thread, const struct lock *lock, struct call_site site)
{
	if (thread->shared->used)
		locks_check_order(thread, lock, site);
}

static inline void tell_wait(struct fts_lock_thread *list, const struct lock *lock)
{
	list->wait_kind = lock->kind;
	list->wait_flags = lock->flags;
	__atomic_store_n(&list->wait_address, lock->address, __ATOMIC_RELEASE);
}

void locks_wait(struct thread *thread, struct lock lock, struct call_site site)
{
	struct fts_lock_thread *list = thread->shared;
	const struct fts_held *own = list->used ? find_held(list, lock.address) : NULL;
	if (UNLIKELY(locks_inherited))
		locks_wait_inherited(thread, &lock, site.hook);
	/* A lock of its own that it waits for is taken again, or never: no order. */
	if (own)
		list->wait_own = *own;
	else if (list->used || !(lock.flags & FTS_HELD_DETACHES))
		locks_check_order(thread, &lock, site);
	if (lock.kind == FTS_LOCK_ATTACHED) {
		lock.flags |= FTS_HELD_STOPS;
		list->attach_calls++;
	} else if (!(lock.flags & FTS_HELD_DETACHES) && python_attached(python_tstate())) {
		lock.flags |= FTS_HELD_ATTACHED;
	}
	tell_wait(list, &lock);
	profile_wait(thread, &lock, site);
}

void locks_wait_own(struct thread *thread, struct lock lock)
{
	struct fts_lock_thread *list = thread->shared;
	struct fts_held *held = find_held(list, lock.address);
	if (!held || !fts_lock_is(lock.kind, FTS_SIGNAL))
		return;
	list->wait_own = *held;
	locks_drop(thread, held);
	if (!python_is_signal(lock.address, lock.kind))
		tell_signal(lock.address, lock.kind);
	else
		list->wait_own.flags |= FTS_HELD_SIGNAL;
}

void locks_wait_over(struct thread *thread)
{
	if (UNLIKELY(thread->waiting_since) && !thread->outer.address)
		profile_wait_over(thread);
	tell_wait(thread->shared, &thread->outer);
	thread->shared->wait_own.address = 0;
}

/* PyMutex. */

typedef int lock_timed(uint8_t *mutex, int64_t timeout, int flags);
typedef int try_unlock(uint8_t *mutex);

/* Functions of Python/lock.c whose exchanges are part of a call that is noted as a whole. */
struct range {
	uintptr_t low, size;
};
static struct range inside[3], around_inside; /* around: all three and what lies between them */

static inline bool is_in(uintptr_t at, struct range range)
{
	return at - range.low < range.size;
}

static inline bool is_inside(const void *pc)
{
	uintptr_t at = (uintptr_t)pc;
	return UNLIKELY(is_in(at, around_inside)) &&
	       (is_in(at, inside[0]) || is_in(at, inside[1]) || is_in(at, inside[2]));
}

extern HIDDEN uintptr_t locks_python_low, locks_python_size;

static inline struct lock mutex_at(const volatile void *word, const void *pc)
{
	uint64_t address = (uint64_t)word;
	struct lock lock = { address, python_mutex_kind(address), FTS_HELD_DETACHES };
	if ((uintptr_t)pc - locks_python_low >= locks_python_size)
		lock.flags |= FTS_HELD_FOREIGN;
	return lock;
}

/* PyMutexes that extensions take: not those of objects, which CPython takes just as well. */
static uint64_t of_extensions[512]; /* by address; a collision forgets one */

static inline uint64_t *of_extension(uint64_t address)
{
	return &of_extensions[address * 0x9e3779b97f4a7c15ull >> 55];
}

static inline void note_extensions(const struct lock *lock)
{
	if (lock->kind != FTS_LOCK_PYMUTEX || !(lock->flags & FTS_HELD_FOREIGN))
		return;
	__atomic_store_n(of_extension(lock->address), lock->address, __ATOMIC_RELAXED);
	variables_extension_taken(lock->address);
}

bool locks_exchange(volatile uint8_t *word, uint8_t to, struct call_site site)
{
	struct thread *thread = locks_thread();
	if (!thread || thread->depth || is_inside(site.pc))
		return false;
	uint8_t now = __atomic_load_n(word, __ATOMIC_RELAXED);
	if (to == 0) {
		variables_extension_given((uint64_t)word);
		if (now == 1 && !given_last(thread, (uint64_t)word))
			locks_given(thread, (uint64_t)word, FTS_LOCK_PYMUTEX);
		return false;
	}
	if (now != 0)
		return true;
	/* Where the exchange fails all the same, _PyMutex_LockTimed is called next. */
	struct lock lock = mutex_at(word, site.pc);
	if (thread->shared->used)
		locks_check_order(thread, &lock, site);
	locks_taken(thread, lock, site);
	note_extensions(&lock);
	return false;
}

void locks_exchanged(volatile uint8_t *word, struct call_site site)
{
	struct thread *thread = locks_thread();
	struct lock lock = mutex_at(word, site.pc);
	if (thread->shared->used)
		locks_check_order(thread, &lock, site);
	locks_taken(thread, lock, site);
	note_extensions(&lock);
}

enum { TIMED_DETACH = 1, TIMED_ACQUIRED = 1 };

EXPORT lock_timed _PyMutex_LockTimed;
int _PyMutex_LockTimed(uint8_t *mutex, int64_t timeout, int flags)
{
	static lock_timed *real;
	if (UNLIKELY(!real))
		real = (lock_timed *)symbol_need("_PyMutex_LockTimed");
	struct thread *thread = locks_on ? locks_thread() : NULL;
	if (!thread || thread->depth)
		return real(mutex, timeout, flags);
	struct call_site site = CALL_SITE;
	uint64_t address = (uint64_t)mutex;
	struct lock lock = { address, python_mutex_kind(address), 0 };
	struct fts_held *held = find_held(thread->shared, address);
	bool is_threading = lock.kind == FTS_LOCK_LOCK || lock.kind == FTS_LOCK_RLOCK;
	if (held && !is_threading)
		locks_drop(thread, held); /* the fast path did not get it after all */
	else if (held && timeout != 0)
		locks_wait_own(thread, lock);
	if (flags & TIMED_DETACH)
		lock.flags |= FTS_HELD_DETACHES;
	if (timeout == 0)
		lock.flags |= FTS_HELD_TRIED;
	else if (timeout > 0)
		lock.flags |= FTS_HELD_TIMED;
	if (timeout != 0)
		locks_wait(thread, lock, site);
	int result = real(mutex, timeout, flags);
	if (timeout != 0)
		locks_wait_over(thread);
	if (result == TIMED_ACQUIRED)
		locks_taken(thread, lock, site);
	if (result == TIMED_ACQUIRED && lock.kind == FTS_LOCK_PYMUTEX &&
	    __atomic_load_n(of_extension(address), __ATOMIC_RELAXED) == address)
		variables_extension_taken(address);
	return result;
}

EXPORT try_unlock _PyMutex_TryUnlock;
int _PyMutex_TryUnlock(uint8_t *mutex)
{
	static try_unlock *real;
	if (UNLIKELY(!real))
		real = (try_unlock *)symbol_need("_PyMutex_TryUnlock");
	struct thread *thread = locks_on ? locks_thread() : NULL;
	if (thread && !thread->depth && (__atomic_load_n(mutex, __ATOMIC_RELAXED) & 1)) {
		variables_extension_given((uint64_t)mutex);
		locks_given(thread, (uint64_t)mutex, python_mutex_kind((uint64_t)mutex));
	}
	return real(mutex);
}

/*
 * Attaching waits while the world is stopped, and for the GIL where there is one: with a mutex and
 * a condition variable, whose waits go through our functions and are inner ones (`outer`). It also
 * takes the locks of the critical section that was left, so it is not noted as a whole.
 */
EXPORT void _PyThreadState_Attach(void *tstate);
void _PyThreadState_Attach(void *tstate)
{
	static void (*real)(void *);
	if (UNLIKELY(!real))
		real = (void (*)(void *))symbol_need("_PyThreadState_Attach");
	turns_attach();
	struct thread *thread = locks_on ? locks_thread() : NULL;
	struct lock attached = { 1, FTS_LOCK_ATTACHED, 0 };
	if (!thread) {
		real(tstate);
		return;
	}
	/* Often in the middle of another wait, which has given up being attached. */
	struct fts_lock_thread *list = thread->shared;
	struct lock before = { list->wait_address, list->wait_kind, list->wait_flags };
	struct lock outer = thread->outer;
	uint64_t since = thread->waiting_since;
	locks_order(thread, &attached, CALL_SITE);
	list->attach_calls++;
	tell_wait(list, &attached);
	thread->outer = attached;
	real(tstate);
	thread->outer = outer;
	if (UNLIKELY(thread->waiting_since != since))
		profile_wait_over(thread);
	tell_wait(list, &before);
}

/* Start. */

static void find_function(const char *name, uintptr_t *low, uintptr_t *size)
{
	void *function = symbol_next(name);
	Dl_info info;
	ElfW(Sym) *symbol = NULL;
	if (!function || !dladdr1(function, &info, (void **)&symbol, RTLD_DL_SYMENT) || !symbol)
		return;
	*low = (uintptr_t)function;
	*size = symbol->st_size;
}

static void find_inside(void)
{
	static const char *const names[] = { "_PyMutex_LockTimed", "_PyMutex_TryUnlock",
					     "_PyOnceFlag_CallOnceSlow" };
	uintptr_t low = UINTPTR_MAX, high = 0;
	for (unsigned i = 0; i < 3; i++) {
		find_function(names[i], &inside[i].low, &inside[i].size);
		if (!inside[i].size)
			continue;
		low = inside[i].low < low ? inside[i].low : low;
		if (inside[i].low + inside[i].size > high)
			high = inside[i].low + inside[i].size;
	}
	if (high)
		around_inside = (struct range){ low, high - low };
}

static bool start(const char **why)
{
	const char *level = getenv("FTSTRESS_LOCKS");
	if (!level || !raw_same(level, "on")) {
		*why = CONCERN_OFF;
		return false;
	}
	if (!python_locks_start(why))
		return false;
	long at = raw_syscall6(SYS_mmap, 0, FTS_LOCK_THREADS * sizeof *registry,
			       PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
			       -1, 0);
	if (at < 0 && at > -4096) {
		*why = "no memory";
		return false;
	}
	registry = (struct fts_lock_thread *)at;
	find_inside();
	if (!internal_locks_start())
		*why = "importlib's module locks are not seen in this Python";
	locks_report_start();
	locks_meet_start();
	profile_start();
	history_start();
	standin_look_at_python();
	self = claim(0);
	ftstress_locks =
		(struct fts_locks){ (uint64_t)registry, FTS_LOCK_THREADS, sizeof *registry };
	locks_on = self != NULL;
	return locks_on;
}

static void before_fork(void)
{
	per_thread_before_fork(&threads);
	raw_lock(&registry_lock);
	locks_report_before_fork();
	python_locks_before_fork();
	standin_before_fork();
}

static void after_fork(bool in_child)
{
	standin_after_fork();
	python_locks_after_fork();
	locks_report_after_fork();
	raw_unlock(&registry_lock);
	per_thread_after_fork(&threads, self, in_child);
	if (!in_child || !locks_on)
		return;
	locks_inherit(self ? self->shared : NULL);
	for (unsigned i = 0; i < FTS_LOCK_THREADS; i++)
		if (!self || &registry[i] != self->shared)
			registry[i].tid = registry[i].used = 0, registry[i].self = 0;
	/* What was held for the time of the fork is made new now. */
	if (self) {
		for (uint32_t i = 0; i < FTS_HELD_MAX; i++)
			drop_standin(self, i);
		self->shared->tid = raw_gettid();
		self->shared->used = self->shared->overflow = 0;
	}
	profile_forked();
	locks_rule_forked();
}

const struct concern concern_locks = {
	.name = "locks",
	.start = start,
	.before_fork = before_fork,
	.after_fork = after_fork,
};
