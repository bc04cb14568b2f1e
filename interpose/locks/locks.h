/*
 * locks.h - which locks each thread holds, and in which orders threads acquire locks.
 *
 *   a thread is about to acquire a lock
 *      │
 *      ├─ It holds no other one: the lock is entered in the thread's list (a few stores).
 *      ▼
 *   Which of the locks that it holds would it still hold while it waits for this one?
 *      │
 *      ├─ The thread has had this lock and this set before: done (one look-up).
 *      ▼
 *   An edge is emitted, "holds A and B, waits for C": FTS_REPORT_LOCK_EDGE. A process emits only so
 *   many edges between locks of the same classes.
 *
 * Before most waits a thread detaches from the interpreter. By that it releases its critical
 * sections and the GIL: these make no edge to the lock it waits for, and guard nothing meanwhile
 * (Python/critical_section.c). A thread that only tries to acquire a lock makes no edge, for it
 * does not wait. The edge is emitted before the wait begins, so if the wait never ends, the edge is
 * in the graph.
 *
 *     class      All locks that a finding calls by one name: made by one line of Python; or in
 *                objects of one type.
 *     identity   Of a lock that Python made: its class, and which lock of its class it is.
 *     signal     A lock that one thread acquires and another one releases, as threading.Condition's
 *                waiters do. It guards nothing.
 *     stand-in   A mutex in TSan's history, in place of the lock (locks_standin.c).
 *     as a whole A function that acquires a lock may use other locks inside. Then only the call is
 *                noted, and what it does to locks inside is not (thread.depth).
 *
 * Nothing here adds happens-before: it uses memory of its own and raw locks, and what it enters into
 * TSan's history orders nothing (history.h). TSan's allocator calls us when a block is freed
 * (__sanitizer_install_malloc_and_free_hooks), so that the end of a lock in the block is noticed.
 */
#ifndef INTERPOSE_LOCKS_H
#define INTERPOSE_LOCKS_H

#include "interpose/base/concern.h"
#include "ftstress/locks.h"
#include "interpose/base/raw.h"
#include "interpose/stacks/stacks.h"

#include <stdbool.h>
#include <stdint.h>

/* False: no hook of this concern does anything. Set once, in the single-threaded zygote. */
extern HIDDEN bool locks_on;

/* Where a hook was called from. */
struct call_site {
	const void *hook; /* __builtin_frame_address(0) of the exported function */
	const void *pc;   /* its return address */
};
#define CALL_SITE                                                                                  \
	(struct call_site)                                                                         \
	{                                                                                          \
		__builtin_frame_address(0), __builtin_return_address(0)                            \
	}

/*
 * To be called before an 8-bit compare-exchange on what may be a PyMutex: 0 -> 1 acquires it, 1 ->
 * 0 releases it. Returns false if the caller may jump to TSan's function. Returns true if the
 * caller has to call it instead, and call locks_exchanged() if the exchange has succeeded.
 */
HIDDEN bool locks_exchange(volatile uint8_t *word, uint8_t to, struct call_site site);
HIDDEN void locks_exchanged(volatile uint8_t *word, struct call_site site);

/* To be called by a thread that is about to create another. Returns the new one's number. */
HIDDEN uint32_t locks_thread_created(void);
/* To be called by the new thread, before anything else. */
HIDDEN void locks_thread_started(uint32_t number);

/* Shared by locks*.c. */

struct lock {
	uint64_t address;
	enum fts_lock_kind kind;
	uint32_t flags; /* enum fts_lock_flag */
};

/* A lock with the flags that every wait for a lock of its kind has. */
static inline struct lock lock_of(const void *at, enum fts_lock_kind kind)
{
	return (struct lock){ (uint64_t)at, kind,
			      fts_lock_is(kind, FTS_DETACHES) ? FTS_HELD_DETACHES : 0 };
}

struct thread {
	struct fts_lock_thread *shared;
	uint32_t depth;       /* how many calls that are noted as a whole the thread is in */
	const void *collects; /* the Python frame in which garbage is collected, or NULL */
	struct lock outer;    /* a wait during which others come and go; address 0 = none */
	uint64_t known[1024]; /* hashes of the orders that were seen: cache, one place for each */
	/* Of locks_profile.c. Times are in ticks of the processor, 0 = none. */
	uint64_t waiting_since;
	struct lock waiting_for;
	const void *waiting_pc;
	uint64_t held_since[FTS_HELD_MAX];
	/* Of locks_standin.c. */
	uint16_t standin[FTS_HELD_MAX]; /* class of each held lock's stand-in, + 1; 0 = none */
};

/* The calling thread's. NULL if there is no memory, or no slot in the registry. */
HIDDEN struct thread *locks_thread(void);

/*
 * The same; NULL if nothing is to be noted: this is off, or a call that is noted as a whole goes
 * on.
 */
static inline struct thread *locks_noting(void)
{
	struct thread *thread = locks_on ? locks_thread() : NULL;
	return thread && !thread->depth ? thread : NULL;
}

/* The lists of all threads. *count: how many of them were ever used. */
HIDDEN struct fts_lock_thread *locks_registry(uint32_t *count);
HIDDEN uint64_t locks_sequence(void); /* the next number for an event or an edge */

/* The thread is about to wait for the lock: emit the edges, and show the wait to the runner. */
HIDDEN void locks_wait(struct thread *thread, struct lock lock, struct call_site site);
/* It does not wait any more, with the lock or without. */
HIDDEN void locks_wait_over(struct thread *thread);
/* locks_rule.c: emit the edges of the lock, if its order is new. */
HIDDEN void locks_check_order(struct thread *thread, const struct lock *lock,
			      struct call_site site);
HIDDEN void locks_rule_forked(void); /* in the child */

/* The thread does not hold the slot's lock any more. */
HIDDEN void locks_drop(struct thread *thread, struct fts_held *held);
/* Emit the edges of such a wait, no more. */
HIDDEN void locks_order(struct thread *thread, const struct lock *lock, struct call_site site);
/* The thread has acquired the lock. */
HIDDEN void locks_taken(struct thread *thread, struct lock lock, struct call_site site);
/*
 * The thread is about to wait for a lock that it may have acquired itself. If it has, the lock is a
 * signal, or the thread waits for ever.
 */
HIDDEN void locks_wait_own(struct thread *thread, struct lock lock);
/* The thread releases the lock, which another thread may have acquired. */
HIDDEN void locks_given(struct thread *thread, uint64_t address, enum fts_lock_kind kind);
/* A lock that Python made is freed, held or not: nothing may look at it any more. */
HIDDEN void locks_ended(uint64_t address, enum fts_lock_kind kind);
HIDDEN void locks_event(const struct fts_lock_event *event);

/* locks_meet.c: locks of these kinds, a bit each, are tried on purpose; 0 = none are. */
extern HIDDEN uint64_t locks_meeting;
HIDDEN void locks_meet_start(void);
/* The thread holds locks and is about to wait for this one: stay till another thread holds it, for a moment. */
HIDDEN void locks_meet(const struct thread *thread, const struct lock *lock);

/* locks_internal.c. False: import locks are not seen. */
HIDDEN bool internal_locks_start(void);

/* locks_python.c */
extern HIDDEN bool python_memory_ends; /* the end of blocks of PyMem_Malloc() is seen */
HIDDEN bool python_locks_start(const char **why);
HIDDEN void standin_before_fork(void);
HIDDEN void standin_after_fork(void);
HIDDEN void python_locks_before_fork(void);
HIDDEN void python_locks_after_fork(void);
extern HIDDEN long python_tstate_offset; /* of the thread state in thread-local storage */
static inline void *python_tstate(void)  /* NULL when detached */
{
	return *(void *const volatile *)((const char *)__builtin_thread_pointer() +
					 python_tstate_offset);
}
/* Is the thread in a critical section, one that is not suspended, which holds the mutex? */
HIDDEN bool python_in_section(const void *tstate, uint64_t mutex);
HIDDEN const void *python_frame(const void *tstate); /* the one that runs, or NULL */
HIDDEN bool python_attached(const void *tstate);
/* The kind of a lock that is a PyMutex: LOCK, RLOCK, OBJECT or PYMUTEX. */
HIDDEN enum fts_lock_kind python_mutex_kind(uint64_t address);
/* For a lock of PyThread_allocate_lock() that is a semaphore. Its kind is RLOCK or PYTHREAD. */
HIDDEN void python_semaphore_made(void *semaphore);
HIDDEN void python_semaphore_renewed(const void *before, void *semaphore);
HIDDEN enum fts_lock_kind python_semaphore_kind(uint64_t address);
/* Does the lock itself say that nobody holds it? So it is after a fork, when Python resets it. */
HIDDEN bool python_is_free(uint64_t address, uint32_t kind);
/* The name of an import lock's module, in ASCII; "" = not known. */
HIDDEN void python_module_name(uint64_t module_lock, char *name, unsigned room);
/*
 * Class << 28 | number in the class. 0: not a lock that Python made, or one made before we started.
 */
HIDDEN uint64_t python_identity(uint64_t address, enum fts_lock_kind kind);
HIDDEN bool python_is_signal(uint64_t address, uint32_t kind);
/*
 * Has an edge been emitted in which the lock is held? True for a lock without identity, of which
 * that is not known. With `set`, remember that one has.
 */
HIDDEN bool python_set_in_graph(uint64_t address, enum fts_lock_kind kind, bool set);
HIDDEN void python_set_signal(uint64_t address, enum fts_lock_kind kind);
/* The Python frames in which locks of the class are made, innermost first; returns how many. */
HIDDEN unsigned python_class_frames(uint64_t identity, const uint64_t **frames);
/* Fill in where Python's code is now: frame, instruction, code and position. */
HIDDEN void python_position(struct fts_held *held, const void *tstate);
/* Where the code was when the lock was acquired, as FTS_PC_PYTHON; 0 = not known. Its Python frame
 * must still be on the stack. */
HIDDEN uint64_t python_pc_of(const struct fts_held *held);

/* locks_standin.c */
struct standin {              /* of a class of locks: what a report of a race says of them */
	uint32_t kind, flags; /* ftstress/locks.h; kind 0: locks of which no more is known */
	uint64_t address;     /* of the lock that came first */
	uint64_t identity;
	uint64_t object_type; /* of FTS_LOCK_OBJECT: the type's address */
	char type[64];        /* of the object that it is in, or the module's name; "" = none */
	bool handed_over;     /* one thread takes it, another one gives it back */
};
/* False for locks that TSan knows by itself. */
static inline bool standin_wanted(enum fts_lock_kind kind)
{
	return kind != FTS_LOCK_PTHREAD && kind != FTS_LOCK_PTHREAD_RW && kind != FTS_LOCK_SPIN;
}
HIDDEN void standin_take(struct thread *thread, unsigned slot, struct lock lock, uint64_t identity);
HIDDEN void standin_give(struct thread *thread, unsigned slot);
/* The calling thread's locks are not seen: from here on reports say that of it. */
HIDDEN void standin_unseen(void);
/* Stand-ins are live: those of Python code are entered for its variables, too. */
HIDDEN void standin_look_at_python(void);
/* False: there are no stand-ins, so TSan knows pthread's locks only. */
HIDDEN bool standins_live(void);
/* What a report says of the lock; `identity`: python_identity(). */
HIDDEN void standin_describe(struct standin *out, const struct lock *lock, uint64_t identity);
/* Which locks does the stand-in at the address stand for? False: there is none. */
HIDDEN bool standin_find(uint64_t address, struct standin *out);

/* locks_profile.c */
HIDDEN void profile_start(void);
HIDDEN void profile_forked(void); /* in the child */
HIDDEN void profile_wait(struct thread *thread, const struct lock *lock, struct call_site site);
/* To be called only where thread->waiting_since is not 0. */
HIDDEN void profile_wait_over(struct thread *thread);
enum { PROFILE_MARKS = 4096 };
/* 1: a lock whose address has this hash was waited for. */
extern HIDDEN uint8_t profile_marks[PROFILE_MARKS];

static inline uint8_t *profile_mark(uint64_t address)
{
	return &profile_marks[address * 0x9e3779b97f4a7c15ull >> 52];
}

/* A lock that has been waited for is released. */
HIDDEN void profile_held(const struct thread *thread, uint32_t slot);

/* The lock is released; to be called before its slot is cleared. */
static inline void profile_given(const struct thread *thread, uint32_t slot, uint64_t address)
{
	if (UNLIKELY(*profile_mark(address)))
		profile_held(thread, slot);
}
/*
 * Emit what was gathered, unless that was done half a second ago or less; `at_last`: in any case.
 */
HIDDEN void locks_profile_tell(bool at_last);

static inline uint64_t ticks_now(void)
{
	return __builtin_ia32_rdtsc();
}

/* locks_report.c */
/* Emit an edge: holding these, the thread waits for the lock. False: the ring is too full now. */
HIDDEN bool locks_report_edge(struct thread *thread, const struct lock *lock,
			      struct fts_held *const *held, unsigned count, struct call_site site);
HIDDEN void locks_report_start(void);
HIDDEN void locks_report_before_fork(void);
HIDDEN void locks_report_after_fork(void);
/*
 * A block is freed, an object ends, a lock is destroyed. Cheap if no lock of the graph lies in it.
 */
HIDDEN void locks_freed(const volatile void *block);

#endif
