/*
 * fibers.h - the second fiber of each thread, on which ThreadSanitizer is told of its Python code.
 *
 * The program counters on a Python fiber are those of record.h alone (FTS_PC_PYTHON), so reports
 * have Python stacks. Each thread keeps the list of calls that it has told, and tells what differs
 * when it tells the next access. variables.h has the functions that threads.c and edges.c call.
 */
#ifndef INTERPOSE_FIBERS_H
#define INTERPOSE_FIBERS_H

#include "interpose/base/raw.h"

#include <stdbool.h>
#include <stdint.h>

typedef uint64_t load64_function(const volatile uint64_t *word, int order);
typedef void store64_function(volatile uint64_t *word, uint64_t value, int order);

/* ThreadSanitizer's functions. */
struct fibers_tsan {
	void *(*current_fiber)(void);
	void *(*create_fiber)(unsigned flags);
	void (*destroy_fiber)(void *fiber);
	void (*switch_to)(void *fiber, unsigned flags);
	void (*acquire)(void *address);
	void (*release)(void *address);
	void (*func_entry)(void *pc);
	void (*func_exit)(void);
	void (*read)(void *address, void *pc);
	void (*write)(void *address, void *pc);
	store64_function *store;
	void *(*allocate)(uint64_t bytes);
	void (*free)(void *block);
	int (*allocated_by)(void *block, uint64_t *trace, uint64_t room, int *tid, uint64_t *os_id);
};
extern HIDDEN struct fibers_tsan fibers_tsan;

/* A Python function that runs. */
struct call {
	const void *frame, *code;
	uintptr_t instruction;
	uint64_t pc;   /* after name_call() */
	uint8_t scope; /* scope.h; after name_call() */
};

#define FIBERS_LOCAL extern HIDDEN __thread __attribute__((tls_model("initial-exec")))
FIBERS_LOCAL bool fibers_busy;      /* the thread is told of: hooks do nothing */
FIBERS_LOCAL uint32_t fibers_syncs; /* how often it has synchronised */
/* The same, when it took the newest and the oldest of the locks that it holds; 0 = it holds none. */
FIBERS_LOCAL uint32_t fibers_guarded, fibers_outer;

extern HIDDEN uint32_t fibers_tests; /* that have begun */
/* Differs if the thread has synchronised between, or another test has begun. */
static inline uint32_t fibers_section(void)
{
	return fibers_syncs + (fibers_tests << 20);
}

/*
 * When something was done. What a thread has read is what it still goes by when it writes, whatever
 * it waited for in between: but not if it writes under a lock that it has taken since.
 */
struct moment {
	uint32_t test, syncs, guarded, outer;
};
static inline struct moment moment_now(void)
{
	return (struct moment){ fibers_tests, fibers_syncs, fibers_guarded, fibers_outer };
}

static inline bool moment_holds(const struct moment *read, const struct moment *write)
{
	return read->test == write->test && write->guarded <= read->syncs;
}

/* Was it read under a lock that was given back, and written under one that was taken since? */
static inline bool moment_is_split(const struct moment *read, const struct moment *write)
{
	return read->test == write->test && read->outer && write->outer > read->syncs;
}

/* Does another thread wait till this one, which is attached, stops? */
HIDDEN bool asked_to_stop(void);

/* Between these two, what ThreadSanitizer is told is the Python fiber's. */
HIDDEN void fibers_enter(void);
HIDDEN void fibers_leave(void);

/* In the main thread: threads that are started from now on are number 1, 2, ... */
HIDDEN void fibers_test_begins(void);

/* The frame of the innermost Python function of the thread; NULL = none. */
HIDDEN const void *innermost_frame(void);
HIDDEN struct call call_of(const void *frame);
/* A function that waits for the one that it has called. */
struct caller {
	const void *frame, *code;
	uintptr_t instruction;
	bool by_c; /* C code has called that one: a property, an operator, sorted() */
};
/* Of a frame, innermost first; those that there are not have no frame. */
HIDDEN void callers_of(const void *frame, struct caller *callers, unsigned most);
HIDDEN void name_call(struct call *call);
/* The program counters of the frame and of those outside of it, innermost first. How many there are. */
HIDDEN unsigned stack_of(const void *frame, uint64_t *pcs, unsigned most);
/*
 * On the Python fiber: TSan's list of calls becomes this thread's, without the innermost one, which
 * is that of the access. Returns what the scopes of all have in common with one another, or'ed.
 */
HIDDEN uint8_t tell_calls(const void *innermost);

/* The word that stands for an address in what orders. */
HIDDEN char *fibers_word(const void *address);
/* On the Python fiber, releases or acquires the word. */
HIDDEN void fibers_order(char *word, bool releases);

/* The locks that the thread holds, but for those by which threading itself makes threads wait. */
enum { FIBERS_HELD = 16 };
struct held_locks {
	const void *locks[FIBERS_HELD];
	bool reentrant[FIBERS_HELD];
	unsigned count;
};
HIDDEN void fibers_held(struct held_locks *out);
/* The number of the thread in the test. */
HIDDEN uint16_t fibers_own_number(void);

/* What another thread has written, while this one stood still. */
struct write_between {
	const uint64_t *stack; /* innermost first */
	unsigned depth;
	uint16_t number; /* of the thread */
	struct held_locks held;
};
/*
 * On the Python fiber: ThreadSanitizer is told of that write at `at`, as one that nothing orders with what
 * the thread tells next: between its read and its write it has held no lock.
 */
HIDDEN void fibers_tell_between(const struct write_between *between, char *at);

/* False: a function of ThreadSanitizer's is missing. */
HIDDEN bool fibers_find_tsan(void);
/* `tstate`: where the thread that calls this has its PyThreadState (_Py_tss_tstate). */
HIDDEN void fibers_start(const char *tstate);

#endif
