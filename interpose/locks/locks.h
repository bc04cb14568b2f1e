/*
 * locks.h - the locks that each thread holds, and the orders in which it takes them.
 *
 *   lock taken ──► nothing else held? note it (a few stores)
 *              └─► else: which of the locks held would still be held while this one is waited for?
 *                  set of these and the new lock: known to this thread? (one look-up) done
 *                  └─► new: write a FTS_REPORT_LOCK_EDGE, at most some for the same classes
 *
 * A wait that detaches gives back critical sections and the GIL, so these make no edge to such a
 * lock and guard nothing (Python/critical_section.c). Trying makes no edge. The edge is written
 * before the wait begins, so a deadlock that happens is in the graph.
 *
 * Nothing here adds happens-before: own memory, raw locks, no call into TSan, except that a free()
 * of a block with a lock in it is noticed through the sanitizers' own hook.
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
 * The observer of the 8-bit compare-exchange: a PyMutex, 0 -> 1 taken, 1 -> 0 given back.
 * Returns true if the caller is to call TSan's function and tell the result to locks_exchanged();
 * false: it may jump.
 */
HIDDEN bool locks_exchange(volatile uint8_t *word, uint8_t to, struct call_site site);
HIDDEN void locks_exchanged(volatile uint8_t *word, struct call_site site);

/* In the thread that is about to create another: that one's number. */
HIDDEN uint32_t locks_thread_created(void);
/* In the new thread, first of all. */
HIDDEN void locks_thread_started(uint32_t number);

/* Shared by locks*.c. */

struct lock {
	uint64_t address;
	enum fts_lock_kind kind;
	uint32_t flags; /* enum fts_lock_flag */
};

/* A lock with what is so of every wait for its kind. */
static inline struct lock lock_of(const void *at, enum fts_lock_kind kind)
{
	return (struct lock){ (uint64_t)at, kind,
			      fts_lock_is(kind, FTS_DETACHES) ? FTS_HELD_DETACHES : 0 };
}

struct thread {
	struct fts_lock_thread *shared;
	uint64_t stack_end;
	uint32_t depth;       /* inside of a lock function that is noted as a whole */
	const void *collects; /* the Python frame in which garbage is collected, or NULL */
	struct lock outer;    /* a wait that goes on around others; address 0 = none */
	uint64_t known[1024]; /* orders that were seen */
	/* Of locks_profile.c; the times are counts of the processor, 0 = none. */
	uint64_t waiting_since;
	struct lock waiting_for;
	const void *waiting_pc;
	uint64_t held_since[FTS_HELD_MAX];
	/* Of locks_standin.c: which row of the region, classes in it that were used, and for each
	 * slot of the list the class + 1 of its stand-in, 0 = none. */
	uint32_t standin_row;
	uint64_t standins_made[8];
	uint16_t standin[FTS_HELD_MAX];
};

/* The calling thread's; NULL without memory or slots. */
HIDDEN struct thread *locks_thread(void);

/* NULL: not noted, because the concern is off or a noted call makes this one. */
static inline struct thread *locks_noting(void)
{
	struct thread *thread = locks_on ? locks_thread() : NULL;
	return thread && !thread->depth ? thread : NULL;
}

/* The lists of all threads, and how many of them were ever used. */
HIDDEN struct fts_lock_thread *locks_registry(uint32_t *count);
HIDDEN uint64_t locks_sequence(void); /* one more than the last */

/* About to wait for the lock: edges, and the wait is told from here on. */
HIDDEN void locks_wait(struct thread *thread, struct lock lock, struct call_site site);
HIDDEN void locks_wait_over(struct thread *thread);
/* locks_rule.c */
HIDDEN void locks_check_order(struct thread *thread, const struct lock *lock,
			      struct call_site site);
HIDDEN void locks_rule_forked(void); /* in the child */

/* The slot is not that of a lock held any more. */
HIDDEN void locks_drop(struct thread *thread, struct fts_held *held);
/* The edges of such a wait alone. */
HIDDEN void locks_order(struct thread *thread, const struct lock *lock, struct call_site site);
/* The lock is held from here on. */
HIDDEN void locks_taken(struct thread *thread, struct lock lock, struct call_site site);
/* Waited for by the thread that took it: a signal, or it is never given back. */
HIDDEN void locks_wait_own(struct thread *thread, struct lock lock);
/* It is not held any more, by whomever. */
HIDDEN void locks_given(struct thread *thread, uint64_t address, enum fts_lock_kind kind);
/* A lock that Python made is thrown away, held or not: nothing may look at it any more. */
HIDDEN void locks_ended(uint64_t address, enum fts_lock_kind kind);
HIDDEN void locks_event(const struct fts_lock_event *event);

/* locks_internal.c. False: module locks are not seen. */
HIDDEN bool internal_locks_start(void);

/* locks_python.c */
HIDDEN bool python_locks_start(const char **why);
HIDDEN void standin_before_fork(void);
HIDDEN void standin_after_fork(void);
HIDDEN void python_locks_before_fork(void);
HIDDEN void python_locks_after_fork(void);
HIDDEN void *python_tstate(void);                                  /* NULL when detached */
HIDDEN bool python_in_section(const void *tstate, uint64_t mutex); /* active critical section */
HIDDEN const void *python_frame(const void *tstate);               /* that runs, or NULL */
HIDDEN bool python_attached(const void *tstate);
HIDDEN enum fts_lock_kind python_mutex_kind(uint64_t address);
/* A lock of PyThread_allocate_lock() that is a semaphore; the kind: RLOCK or PYTHREAD. */
HIDDEN void python_semaphore_made(void *semaphore);
HIDDEN void python_semaphore_renewed(const void *before, void *semaphore);
HIDDEN enum fts_lock_kind python_semaphore_kind(uint64_t address);
/* A lock that Python made is not held by anyone: it was made new, after a fork. */
HIDDEN bool python_is_free(uint64_t address, enum fts_lock_kind kind);
/* The name of a module lock's module, ASCII; "" = not known. */
HIDDEN void python_module_name(uint64_t module_lock, char *name, unsigned room);
/* Identity of a threading lock (class << 28 | number in the class), 0 = its birth was not seen. */
HIDDEN uint64_t python_identity(uint64_t address, enum fts_lock_kind kind);
HIDDEN bool python_is_signal(uint64_t address, enum fts_lock_kind kind);
/* Was an edge written that has the lock held? Set: one is. */
HIDDEN bool python_set_in_graph(uint64_t address, enum fts_lock_kind kind, bool set);
HIDDEN void python_set_signal(uint64_t address, enum fts_lock_kind kind);
/* Frames of where locks of the class are made; returns how many. */
HIDDEN unsigned python_class_frames(uint64_t identity, const uint64_t **frames);
HIDDEN void python_position(struct fts_held *held, const void *tstate); /* the three last fields */
/* Where its Python frame, which is still on the stack, was then: FTS_PC_PYTHON, or 0. */
HIDDEN uint64_t python_pc_of(const struct fts_held *held);

struct walked {
	uint64_t pc, fp; /* fp: of the function that pc lies in */
	uint64_t frame;  /* the Python frame, 0 = native */
};
/* The mixed stack, innermost first; returns how many. */
HIDDEN unsigned python_walk(struct thread *thread, struct call_site site, struct walked *out,
			    unsigned room);

/* locks_standin.c */
struct standin {              /* what a report says of the lock that one stands for */
	uint32_t kind, flags; /* locks.h; kind 0: one of the many others */
	uint64_t address;     /* of the first lock of its class */
	uint64_t identity;
	uint64_t object_type; /* of FTS_LOCK_OBJECT: the type's address */
	char type[64];        /* of the object that it is in, or the module's name; "" = none */
};
HIDDEN void standins_start(void);
HIDDEN bool standin_wanted(const struct lock *lock);
HIDDEN void standin_take(struct thread *thread, unsigned slot, const struct lock *lock,
			 uint64_t identity);
HIDDEN void standin_give(struct thread *thread, unsigned slot);
/* Of races.c. False: TSan knows no locks but its own. */
HIDDEN bool standins_live(void);
/* False: that is no stand-in. */
HIDDEN bool standin_find(uint64_t address, struct standin *out);

/* locks_profile.c */
HIDDEN void profile_start(void);
HIDDEN void profile_forked(void); /* in the child */
HIDDEN void profile_wait(struct thread *thread, const struct lock *lock, struct call_site site);
/* Only if thread->waiting_since. */
HIDDEN void profile_wait_over(struct thread *thread);
/* The slot is still filled. */
HIDDEN void profile_given(const struct thread *thread, const struct fts_held *held);
/* Writes what was gathered, unless it did so a moment ago; `at_last`: in any case. */
HIDDEN void locks_profile_tell(bool at_last);

static inline uint64_t ticks_now(void)
{
	return __builtin_ia32_rdtsc();
}

/* locks_report.c */
/* False: not now, the ring is too full. */
HIDDEN bool locks_report_edge(struct thread *thread, const struct lock *lock,
			      struct fts_held *const *held, unsigned count, struct call_site site);
HIDDEN void locks_report_start(void);
HIDDEN void locks_report_before_fork(void);
HIDDEN void locks_report_after_fork(void);
/* A block was given back, an object ended, a lock was destroyed. Cheap if no known lock lies in it.
 */
HIDDEN void locks_freed(const volatile void *block);

#endif
