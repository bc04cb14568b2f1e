/*
 * variables.h - races of Python code on Python variables.
 *
 * CPython guards each of its objects with a lock, so `counter += 1` in two threads is no race in
 * memory, and still loses updates. For ThreadSanitizer each thread is therefore two (fibers):
 *
 *     the thread          all that its C code does, as ever
 *     its Python fiber    what its Python code does to variables, each by its stand-in
 *                         (granules.h); ordered by what Python code knows of alone: locks, the
 *                         start and the end of threads, queues, imports (edges.h)
 *
 * ThreadSanitizer then finds the pairs that nothing orders, with both stacks, whether or not the
 * threads have met. Of these, what loses something is reported (patterns.h).
 *
 *     libpython: call __tsan_atomic64_load ─► hook: is this place in the table (sites.h)?
 *        no: on to TSan's                     yes: variable of another thread? code in scope?
 *                                                  ─► told on the fiber, then on to TSan's
 *
 * The calls come here through the interpreter's PLT (plt.h), and only where the concern is live:
 * FTSTRESS_VARIABLES in the environment names the table. It looks at variables while a test runs,
 * in the code of which the driver says that it is in scope (scope.h).
 */
#ifndef INTERPOSE_VARIABLES_H
#define INTERPOSE_VARIABLES_H

#include "interpose/base/concern.h"
#include "interpose/base/raw.h"

#include <stdbool.h>
#include <stdint.h>

/* A test runs, and its variables are looked at; one has run in this process or its parent; the concern
 * is live. */
extern HIDDEN bool variables_testing, variables_used, variables_live;

/* For core.c: a test begins or ends. */
HIDDEN void variables_test(bool runs);

/* For threads.c. What a thread that is about to be made gets; NULL = nothing. */
HIDDEN void *variables_thread_created(void);
HIDDEN void variables_thread_not_created(void *fiber);
/* In the new thread, before and after its own code. */
HIDDEN void variables_thread_started(void *fiber);
HIDDEN void variables_thread_ended(void);

/* For edges.c: both do nothing unless a test runs. */

/* What the thread did so far is before what those do that acquire the word of the same address. */
HIDDEN void variables_release(const void *address);
HIDDEN void variables_acquire(const void *address);
/* An object that orders threads when it is given and taken; ENTERED: by `with`. */
enum variables_lock {
	VARIABLES_NO_LOCK,
	VARIABLES_LOCK,
	VARIABLES_LOCK_ENTERED,
	VARIABLES_RLOCK,
};
/* The same for the object at the address, which the innermost Python frame takes or gives. */
HIDDEN void variables_lock_given(const void *lock, enum variables_lock kind);
HIDDEN void variables_lock_taken(const void *lock, enum variables_lock kind);

/*
 * A lock of C code that is not CPython's, by address; of a file's lock, any word. What Python code does
 * to variables while the thread holds it is ordered by it; so nothing is, where C code takes it for its
 * own sake (extensions.h).
 */
HIDDEN void variables_extension_taken(uint64_t lock);
/* How many of them the thread holds. */
extern HIDDEN __thread uint32_t variables_extensions __attribute__((tls_model("initial-exec")));
HIDDEN void variables_extension_forget(uint64_t lock);
/* Before it is given back; also of a lock that is none of them. */
static inline void variables_extension_given(uint64_t lock)
{
	if (UNLIKELY(variables_extensions))
		variables_extension_forget(lock);
}

/*
 * Set by locks_standin.c, where it notes which locks a thread holds: enters that in TSan's history of
 * the thread's Python fiber, which runs.
 */
extern HIDDEN void (*variables_holds)(const void *lock, bool reentrant, bool takes);

/* For races.c, while ThreadSanitizer reports. */

struct variables_side {
	uint64_t pc;         /* innermost Python frame */
	uint64_t callers[2]; /* of those outside of it, innermost first; 0 = no more */
	uint64_t address;    /* as ThreadSanitizer reports it */
	bool write;
	uint64_t other; /* out: the access that this one belongs together with; 0 = none */
	bool loses, checks, depends, across, empties, split, key; /* out: see patterns.h */
	unsigned uses;                                            /* enum use */
	int8_t direction;
};

/* Is the race on a Python variable? */
HIDDEN bool variables_own(uint64_t address);
enum { VARIABLES_NAME = 256 };
/* Of the variable that the calling thread uses now; see name.h. False: it uses none. */
HIDDEN bool variables_name(char name[VARIABLES_NAME]);
/* Which thread of the test has the fiber, by TSan's number of it; 0: the main one, -1: not known. */
HIDDEN int variables_thread_number(int tid);
/* The object that has it, as far as it is known at once: where it starts; 0 = not known. */
HIDDEN uint64_t variables_object(char type[VARIABLES_NAME]);
/*
 * What is lost, "lost-update\t"; NULL: nothing is, or it is not known, or not yet. At any time; `last`:
 * there will be no other. What the name lacks may be added to it.
 */
HIDDEN const char *variables_pattern(struct variables_side sides[2], char name[VARIABLES_NAME],
				     bool last);

/*
 * A race that is reported: from now on a thread may be stopped between the two of one side, so that
 * the other side's write comes between (confirm.h). `text`: what the report says of it.
 */
HIDDEN void variables_direct(const struct variables_side sides[2], const char *text,
			     uint32_t length);

/* For the driver, attached: scope.h. Returns 0, or -1 if the concern is not live. */
EXPORT int ftstress_variables_scope(const char *list);

/* For the driver, in an iteration that does not look at variables, while it has one thread. */
EXPORT void ftstress_variables_off(void);

#endif
