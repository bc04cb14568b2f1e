/*
 * turns.h - the threads of a test take turns: one of them runs, the others wait.
 *
 *   member 1   ▓▓▓▓▓ blocks on a lock ........... woken, waits for its turn ▓▓▓▓ ended
 *   member 2         ▓▓▓▓▓▓▓▓ gives the lock back ▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓ ended
 *                    └ the turn is passed on      └ member 1 is queued here, not when it wakes up
 *
 * A member is a thread that runs the test's body, or one that a member has started. The turn goes
 * to the next in the queue when a member ends or blocks; a member that is woken joins the queue at
 * that point of the waker's turn. So the order does not depend on how fast a core wakes up, and a run can be
 * repeated. Where a member sleeps in some other way (a pipe, a timer), the next one takes the turn
 * after STALL_NS. One that computes on and on gives the turn up after LONG_NS of processor time, at
 * the next Python call; if none comes, it gets company.
 *
 * The turn is handed over by raw futexes and plain memory, which ThreadSanitizer does not see: what
 * two members do in their turns stays unordered, so a race is reported although they never met.
 *
 * Called by the driver (stress/ftstress_driver/turns.py), detached from the interpreter; M is the
 * main thread, B each thread that runs a body:
 *
 *   M  ftstress_turns_begin(count, calls, in_threads)
 *          `count` bodies will enter. A turn also ends after `calls` Python calls (0 = it does
 *          not). in_threads: M is not one of them, and calls ftstress_turns_run().
 *   M  ftstress_turns_entered(count)  returns when `count` have entered; false: a signal came
 *   B  ftstress_turn_enter(place)     returns when it is its turn; the lowest place comes first
 *   M  ftstress_turns_run()           lets the first turn begin; returns when all have left; false:
 *                                     a signal came, and M waits no longer
 *   B  ftstress_turn_leave()          its body has ended
 *   B  ftstress_turn_stay(place)      returns when its thread may end
 *   M  ftstress_turns_let_go(place)   the thread of this place may end
 *   M  ftstress_turns_end()           no thread waits for a turn any more
 *
 * So threads come up one by one, and end one by one: each gets the same memory in each run. They
 * live till the last body has ended, since ThreadSanitizer forgets what an ended thread did.
 */
#ifndef INTERPOSE_TURNS_H
#define INTERPOSE_TURNS_H

#include "interpose/base/concern.h"
#include "interpose/base/raw.h"

struct member;

/* The calling thread's, or NULL, nearly always. */
extern HIDDEN __thread struct member *turns_self __attribute__((tls_model("initial-exec")));

/* In the thread that is about to create another: what turns_started() is to get; NULL = none. */
HIDDEN struct member *turns_created(void);
/* The thread was not created after all. */
HIDDEN void turns_not_created(struct member *member);
/* In the new thread, before and after its own code. */
HIDDEN void turns_started(struct member *member);
HIDDEN void turns_ended(void);

/* For pairs.c: as ftstress_turns_begin(count, 0, true), for calls that are over at once. */
HIDDEN void turns_begin_round(uint32_t count);
EXPORT bool ftstress_turns_entered(uint32_t count);
EXPORT bool ftstress_turns_run(void);
EXPORT void ftstress_turns_end(void);
EXPORT void ftstress_turn_enter(uint32_t place);
EXPORT void ftstress_turn_leave(void);

HIDDEN void turns_regain(void);

/*
 * For confirm.c. The calling thread has the turn and is attached, between two instructions. Lets the
 * others that wait for a turn go first, and returns when it has its turn again, or when `most`
 * nanoseconds are over: then it goes on beside the one that runs, until it attaches the next time.
 * Where nobody waits for a turn now, the turn is free for a moment, for who comes back from a sleep.
 *
 * It stays attached. That can't block the others for long: who waits for it, to stop the world, say,
 * passes the turn on like anybody who waits.
 */
enum turns_aside { TURNS_NONE, TURNS_NOBODY_CAME, TURNS_OTHERS_RAN }; /* NONE: it is alone */
HIDDEN enum turns_aside turns_step_aside(uint64_t most);
/* The member has the next turn. Whoever runs ends its turn as soon as it can. */
HIDDEN void turns_call_back(struct member *member);

/*
 * For explore.c, in the thread that has the turn. Threads have numbers, 0, 1, ..., in the order in which
 * they came to take turns in this test.
 */
HIDDEN uint32_t turns_number(void);
/* Bits: which others wait for a turn, by their numbers; those above 63 are left out. */
HIDDEN uint64_t turns_ready(void);
/* Passes the turn on to that one, and returns when it has come back. False: that one does not wait. */
HIDDEN bool turns_switch(uint32_t number);

/* For waits.c. */

/* The calling thread waits, or spins, for something that others do. `asleep`: it can't run now. */
HIDDEN void turns_give_way(bool asleep);
/* It is about to wait for the semaphore: passes its turn on. False: it takes no turns. */
HIDDEN bool turns_block(const void *semaphore);
/* Whoever waits for the semaphore is about to be woken: its place in the queue is here. */
HIDDEN void turns_wake(const void *semaphore);

/* Before the thread attaches to the interpreter, where it may sleep: waits for its turn. */
static inline void turns_attach(void)
{
	if (UNLIKELY(turns_self))
		turns_regain();
}

/* After a Python function has returned, attached: the turn may end here. */
HIDDEN void turns_call_ended(struct member *member);

static inline void turns_called(void)
{
	struct member *member = turns_self;
	if (UNLIKELY(member))
		turns_call_ended(member);
}

#endif
