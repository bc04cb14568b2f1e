/*
 * locks_semaphore.c - the locks of PyThread_allocate_lock(), in releases of CPython where these are
 * semaphores (release.h): RLock's, and those of C modules such as _io. In other releases they are
 * PyMutexes, which locks.c sees.
 *
 * These functions call each other; only the outermost call is noted. Any thread may release such a
 * lock, so it may be used as a signal, like a threading.Lock.
 */
#include "interpose/locks/locks.h"
#include "interpose/python/release.h"
#include "interpose/base/symbol.h"

static inline struct thread *noting(void)
{
	return locks_on && python_release->semaphores ? locks_noting() : NULL;
}

static struct lock lock_at(const void *semaphore, bool waits, bool timed, uint32_t flags)
{
	if (!waits)
		flags |= FTS_HELD_TRIED;
	else if (timed)
		flags |= FTS_HELD_TIMED;
	return (struct lock){ (uint64_t)semaphore, python_semaphore_kind((uint64_t)semaphore),
			      flags };
}

static void before(struct thread *thread, struct lock lock, struct call_site site)
{
	if (!(lock.flags & FTS_HELD_TRIED)) {
		locks_wait_own(thread, lock);
		locks_wait(thread, lock, site);
	}
	thread->depth++;
}

static void after(struct thread *thread, struct lock lock, struct call_site site, bool taken)
{
	thread->depth--;
	if (!(lock.flags & FTS_HELD_TRIED))
		locks_wait_over(thread);
	if (taken)
		locks_taken(thread, lock, site);
}

enum { ACQUIRED = 1 };

/* Python tries first; if that fails, it detaches and waits. */
typedef int acquire_with_retries(void *lock, int64_t timeout);
EXPORT acquire_with_retries PyThread_acquire_lock_timed_with_retries;
int PyThread_acquire_lock_timed_with_retries(void *lock, int64_t timeout)
{
	static acquire_with_retries *real;
	if (UNLIKELY(!real))
		real = (acquire_with_retries *)symbol_need(
			"PyThread_acquire_lock_timed_with_retries");
	struct thread *thread = noting();
	if (!thread)
		return real(lock, timeout);
	struct lock taken = lock_at(lock, timeout != 0, timeout > 0, FTS_HELD_DETACHES);
	before(thread, taken, CALL_SITE);
	int result = real(lock, timeout);
	after(thread, taken, CALL_SITE, result == ACQUIRED);
	return result;
}

typedef int acquire_timed(void *lock, long long microseconds, int interruptible);
EXPORT acquire_timed PyThread_acquire_lock_timed;
int PyThread_acquire_lock_timed(void *lock, long long microseconds, int interruptible)
{
	static acquire_timed *real;
	if (UNLIKELY(!real))
		real = (acquire_timed *)symbol_need("PyThread_acquire_lock_timed");
	struct thread *thread = noting();
	if (!thread)
		return real(lock, microseconds, interruptible);
	struct lock taken = lock_at(lock, microseconds != 0, microseconds > 0, 0);
	before(thread, taken, CALL_SITE);
	int result = real(lock, microseconds, interruptible);
	after(thread, taken, CALL_SITE, result == ACQUIRED);
	return result;
}

typedef int acquire(void *lock, int waits);
EXPORT acquire PyThread_acquire_lock;
int PyThread_acquire_lock(void *lock, int waits)
{
	static acquire *real;
	if (UNLIKELY(!real))
		real = (acquire *)symbol_need("PyThread_acquire_lock");
	struct thread *thread = noting();
	if (!thread)
		return real(lock, waits);
	struct lock taken = lock_at(lock, waits != 0, false, 0);
	/* RLock._acquire_restore() tries first, too, and waits if that fails. */
	if (!waits && taken.kind == FTS_LOCK_RLOCK)
		taken.flags = FTS_HELD_DETACHES;
	before(thread, taken, CALL_SITE);
	int result = real(lock, waits);
	after(thread, taken, CALL_SITE, result == ACQUIRED);
	return result;
}

EXPORT void PyThread_release_lock(void *lock);
void PyThread_release_lock(void *lock)
{
	static void (*real)(void *);
	if (UNLIKELY(!real))
		real = (void (*)(void *))symbol_need("PyThread_release_lock");
	struct thread *thread = noting();
	if (thread)
		locks_given(thread, (uint64_t)lock, python_semaphore_kind((uint64_t)lock));
	real(lock);
}

EXPORT void *PyThread_allocate_lock(void);
void *PyThread_allocate_lock(void)
{
	static void *(*real)(void);
	if (UNLIKELY(!real))
		real = (void *(*)(void))symbol_need("PyThread_allocate_lock");
	void *lock = real();
	if (lock && locks_on && python_release->semaphores)
		python_semaphore_made(lock);
	return lock;
}

/* In the child of a fork Python puts another semaphore in the lock's place. It is the same lock. */
EXPORT int _PyThread_at_fork_reinit(void **lock);
int _PyThread_at_fork_reinit(void **lock)
{
	static int (*real)(void **);
	if (UNLIKELY(!real))
		real = (int (*)(void **))symbol_need("_PyThread_at_fork_reinit");
	void *before_fork = *lock;
	int error = real(lock);
	if (locks_on && python_release->semaphores && before_fork && *lock != before_fork)
		python_semaphore_renewed(before_fork, *lock);
	return error;
}

EXPORT void PyThread_free_lock(void *lock);
void PyThread_free_lock(void *lock)
{
	static void (*real)(void *);
	if (UNLIKELY(!real))
		real = (void (*)(void *))symbol_need("PyThread_free_lock");
	if (locks_on && python_release->semaphores)
		locks_ended((uint64_t)lock, python_semaphore_kind((uint64_t)lock));
	real(lock);
}
