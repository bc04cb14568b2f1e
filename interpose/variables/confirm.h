/*
 * confirm.h - makes a lost update happen that was reported only because nothing forbids it.
 *
 * Of a race in Python code one side reads a variable and writes it later, and the other one writes.
 * From its report on, these three places are an order to be tried:
 *
 *     one thread                          another thread
 *       read      ┐ stops here, right
 *                 │ after the instruction
 *                 │                         write
 *       write     ┘ goes on                                       seen: the write between is lost
 *
 * What is to be tried is kept for the iterations that follow (orders.h).
 *
 * A thread stops where the eval loop begins its next instruction: there it holds none of CPython's
 * locks on the variable's container. It stays attached, as it can't detach between any two
 * instructions: for the others it is a thread that the system has just not scheduled. In turns it
 * goes on when its turn comes again, so that nobody who waits for it waits long (turns.h); where
 * threads overlap, after some milliseconds. One thread of a process is stopped at a time, some times
 * for an order, and no more when it has been seen.
 *
 * Where both threads hold a lock at each of the three, but the first one gives it back in between
 * (`if not pool.empty(): pool.take()`), nothing is reported till it was seen: what ThreadSanitizer knows
 * is ordered. That a thread reads and writes so is enough for an order, of any write between; it stops
 * where it has given the lock back.
 */
#ifndef INTERPOSE_CONFIRM_H
#define INTERPOSE_CONFIRM_H

#include "interpose/base/raw.h"
#include "interpose/variables/orders.h"
#include "interpose/variables/patterns.h"

#include <stdbool.h>
#include <stdint.h>

struct link_map;

/* An order that was seen. */
enum { CONFIRM_FRAMES = 24, CONFIRM_NAME = 64 };
struct confirm_sight {
	struct confirm_sight *next;
	uint64_t stacks[2]
		       [CONFIRM_FRAMES]; /* of the read and of the write between; innermost first */
	unsigned depths[2];
	uint64_t write;
	bool equal;   /* what was written there before, by the other thread, was an equal value */
	bool unknown; /* whether it was, is not known */
	bool uses;    /* it does not write at the end, but reads: see uses.h */
	char raised[CONFIRM_NAME]; /* type of an exception that came out of that write, or "" */
	uint32_t length;
	char text[ORDERS_TEXT];
};
/* Takes the list of them, of the private heap. */
HIDDEN struct confirm_sight *confirm_sights(void);

/* The thread that was stopped goes on, and has not come to its write yet. */
extern HIDDEN bool confirm_passed;
HIDDEN void confirm_look_at_store(const uint64_t *address, uint64_t value);
/* Each store into a variable, before it is made, also of the thread's own. */
static inline void confirm_note_store(const volatile uint64_t *address, uint64_t value)
{
	if (UNLIKELY(__atomic_load_n(&confirm_passed, __ATOMIC_RELAXED)))
		confirm_look_at_store((const uint64_t *)(uintptr_t)address, value);
}

/*
 * In a dict, under its lock, the value of a key is looked up, to be replaced; their stand-ins. By a value
 * that is the same object nothing is replaced, and so no store is seen.
 */
HIDDEN void confirm_look_at_lookup(const char *key, const char *value);

HIDDEN void confirm_look(const struct access *access);
/*
 * An order of which nothing was reported was seen, once, and the access that is told next is its write.
 * What came between?
 */
extern HIDDEN __thread bool confirm_seen __attribute__((tls_model("initial-exec")));
HIDDEN void confirm_between(struct write_between *between);
/* The thread has given a lock back. */
HIDDEN void confirm_look_at_release(void);
static inline void confirm_note_release(void)
{
	if (UNLIKELY(__atomic_load_n(orders_count, __ATOMIC_RELAXED)))
		confirm_look_at_release();
}
/*
 * For explore.c, which decides when turns are passed on: nothing is tried in this process, but what happens
 * in one of the orders is told all the same. The eval loop writes to the address: an instruction may be over.
 */
HIDDEN void confirm_watch(void);
HIDDEN void confirm_step(const void *address);
/* Each access that is looked at, before it is made. */
static inline void confirm_note(const struct access *access)
{
	if (UNLIKELY(__atomic_load_n(orders_count, __ATOMIC_RELAXED)))
		confirm_look(access);
}

/* The calling thread ends. */
HIDDEN void confirm_cancel(void);
HIDDEN void confirm_test_ends(void);
/*
 * Once, in the zygote. Without memory nothing is tried; nor with FTSTRESS_CONFIRM in the environment, as in
 * a gate: which iterations come after a report in the same zygote is chance where there are several.
 */
HIDDEN void confirm_start(const struct link_map *python);
HIDDEN void confirm_before_fork(void);
HIDDEN void confirm_after_fork(bool in_child);

#endif
