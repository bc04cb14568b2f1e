/*
 * locks_pthread.c - mutexes, reader-writer locks and spin locks of the C library, and
 * pthread_join().
 *
 * Each function here calls the next definition, which is TSan's interceptor. A thread does not
 * detach while it waits for one of these locks. So it keeps its critical sections and the GIL, and
 * these make edges to the lock.
 */
#define _GNU_SOURCE
#include "interpose/locks/locks.h"
#include "interpose/base/symbol.h"
#include "interpose/variables/variables.h"

#include <errno.h>
#include <pthread.h>

#define NEXT(name)                                                                                 \
	static __typeof__(name) *real;                                                             \
	if (UNLIKELY(!real))                                                                       \
	real = (__typeof__(name) *)symbol_need(#name)

static inline struct lock lock_at(const volatile void *address, enum fts_lock_kind kind,
				  uint32_t flags)
{
	return (struct lock){ (uint64_t)address, kind, flags };
}

#define TAKE(type, name, kind, flags, arguments, ...)                                              \
	EXPORT int name(type *lock __VA_ARGS__)                                                    \
	{                                                                                          \
		NEXT(name);                                                                        \
		struct thread *thread = locks_noting();                                            \
		if (!thread)                                                                       \
			return real arguments;                                                     \
		struct call_site site = CALL_SITE;                                                 \
		struct lock taken = lock_at(lock, kind, flags);                                    \
		if (!((flags) & FTS_HELD_TRIED))                                                   \
			locks_wait(thread, taken, site);                                           \
		thread->depth++;                                                                   \
		int error = real arguments;                                                        \
		thread->depth--;                                                                   \
		if (!((flags) & FTS_HELD_TRIED))                                                   \
			locks_wait_over(thread);                                                   \
		if (error == 0 || error == EOWNERDEAD) {                                           \
			locks_taken(thread, taken, site);                                          \
			variables_extension_taken(taken.address);                                  \
		}                                                                                  \
		return error;                                                                      \
	}

#define GIVE(type, name, kind)                                                                     \
	EXPORT int name(type *lock)                                                                \
	{                                                                                          \
		NEXT(name);                                                                        \
		struct thread *thread = locks_noting();                                            \
		if (thread) {                                                                      \
			variables_extension_given((uint64_t)lock);                                 \
			locks_given(thread, (uint64_t)lock, kind);                                 \
		}                                                                                  \
		return real(lock);                                                                 \
	}

TAKE(pthread_mutex_t, pthread_mutex_lock, FTS_LOCK_PTHREAD, 0, (lock))
TAKE(pthread_mutex_t, pthread_mutex_trylock, FTS_LOCK_PTHREAD, FTS_HELD_TRIED, (lock))
TAKE(pthread_mutex_t, pthread_mutex_timedlock, FTS_LOCK_PTHREAD, FTS_HELD_TIMED, (lock, until), ,
     const struct timespec *until)
TAKE(pthread_mutex_t, pthread_mutex_clocklock, FTS_LOCK_PTHREAD, FTS_HELD_TIMED,
     (lock, clock, until), , clockid_t clock, const struct timespec *until)
GIVE(pthread_mutex_t, pthread_mutex_unlock, FTS_LOCK_PTHREAD)

TAKE(pthread_rwlock_t, pthread_rwlock_wrlock, FTS_LOCK_PTHREAD_RW, 0, (lock))
TAKE(pthread_rwlock_t, pthread_rwlock_rdlock, FTS_LOCK_PTHREAD_RW, FTS_HELD_SHARED, (lock))
TAKE(pthread_rwlock_t, pthread_rwlock_trywrlock, FTS_LOCK_PTHREAD_RW, FTS_HELD_TRIED, (lock))
TAKE(pthread_rwlock_t, pthread_rwlock_tryrdlock, FTS_LOCK_PTHREAD_RW,
     FTS_HELD_TRIED | FTS_HELD_SHARED, (lock))
TAKE(pthread_rwlock_t, pthread_rwlock_timedwrlock, FTS_LOCK_PTHREAD_RW, FTS_HELD_TIMED,
     (lock, until), , const struct timespec *until)
TAKE(pthread_rwlock_t, pthread_rwlock_timedrdlock, FTS_LOCK_PTHREAD_RW,
     FTS_HELD_TIMED | FTS_HELD_SHARED, (lock, until), , const struct timespec *until)
TAKE(pthread_rwlock_t, pthread_rwlock_clockwrlock, FTS_LOCK_PTHREAD_RW, FTS_HELD_TIMED,
     (lock, clock, until), , clockid_t clock, const struct timespec *until)
TAKE(pthread_rwlock_t, pthread_rwlock_clockrdlock, FTS_LOCK_PTHREAD_RW,
     FTS_HELD_TIMED | FTS_HELD_SHARED, (lock, clock, until), , clockid_t clock,
     const struct timespec *until)
GIVE(pthread_rwlock_t, pthread_rwlock_unlock, FTS_LOCK_PTHREAD_RW)

TAKE(pthread_spinlock_t, pthread_spin_lock, FTS_LOCK_SPIN, 0, (lock))
TAKE(pthread_spinlock_t, pthread_spin_trylock, FTS_LOCK_SPIN, FTS_HELD_TRIED, (lock))
GIVE(pthread_spinlock_t, pthread_spin_unlock, FTS_LOCK_SPIN)

/*
 * A thread that waits for a condition releases the mutex, and acquires it again at the end. By that
 * the other locks that it holds make edges to the mutex.
 */
#define WAIT(name, arguments, ...)                                                                 \
	EXPORT int name(pthread_cond_t *condition, pthread_mutex_t *lock __VA_ARGS__)              \
	{                                                                                          \
		NEXT(name);                                                                        \
		struct thread *thread = locks_noting();                                            \
		if (!thread)                                                                       \
			return real arguments;                                                     \
		struct call_site site = CALL_SITE;                                                 \
		struct lock again = lock_at(lock, FTS_LOCK_PTHREAD, 0);                            \
		variables_extension_given(again.address);                                          \
		locks_given(thread, again.address, again.kind);                                    \
		thread->depth++;                                                                   \
		int error = real arguments;                                                        \
		thread->depth--;                                                                   \
		locks_wait(thread, again, site);                                                   \
		locks_wait_over(thread);                                                           \
		locks_taken(thread, again, site);                                                  \
		variables_extension_taken(again.address);                                          \
		return error;                                                                      \
	}

WAIT(pthread_cond_wait, (condition, lock))
WAIT(pthread_cond_timedwait, (condition, lock, until), , const struct timespec *until)
WAIT(pthread_cond_clockwait, (condition, lock, clock, until), , clockid_t clock,
     const struct timespec *until)

#define DESTROY(type, name)                                                                        \
	EXPORT int name(type *lock)                                                                \
	{                                                                                          \
		NEXT(name);                                                                        \
		if (locks_noting())                                                                \
			locks_freed(lock);                                                         \
		return real(lock);                                                                 \
	}

DESTROY(pthread_mutex_t, pthread_mutex_destroy)
DESTROY(pthread_rwlock_t, pthread_rwlock_destroy)
DESTROY(pthread_spinlock_t, pthread_spin_destroy)

EXPORT int pthread_join(pthread_t pthread, void **result)
{
	NEXT(pthread_join);
	struct thread *thread = locks_on ? locks_thread() : NULL;
	uint32_t number = 0, count;
	struct fts_lock_thread *registry = locks_registry(&count);
	for (uint32_t i = 0; thread && i < count; i++)
		if (registry[i].self == pthread)
			number = registry[i].number;
	int error = real(pthread, result);
	if (thread && number && error == 0)
		locks_event(&(struct fts_lock_event){ .kind = FTS_LOCK_JOINED,
						      .thread = thread->shared->number,
						      .other = number,
						      .sequence = locks_sequence() });
	return error;
}
