/*
 * pairs.c - two threads that live long make one call each, pair after pair.
 *
 *     M  make the object ─ release gate 0, 1 ─┐                  ┌─ acquire done 0, 1 ─ drop it
 *     0                    acquire gate 0 ─► call ─ release done 0 ·······
 *     1                    acquire gate 1 ·············· call ─ release done 1
 *
 * M is the main thread. It makes all that a pair needs before, and drops it after. The edges above
 * tell ThreadSanitizer so, for each side at an address of its own. Between the two calls themselves
 * there is no edge: which call comes first is a turn (turns.h), which ThreadSanitizer does not
 * see. So two calls that touch the same memory without a lock of their own are a race, whatever the
 * pairs before them did. A call that waits for the other passes its turn on, as in any test.
 *
 * Called by the driver (stress/ftstress_driver/pairs/rounds.py), detached from the interpreter:
 *
 *   M  ftstress_pair_run(first)   the pair's calls are made, side `first` before the other. False:
 *                                 a signal came; call ftstress_pair_wait() until it returns true
 *   S  ftstress_pair_next(side)   the side's last call is over; true when it may make the next one,
 *                                 false when there will be none
 *   M  ftstress_pair_end()        no more pairs
 */
#define _GNU_SOURCE
#include "interpose/turns/pairs.h"

#include <errno.h>

#include "interpose/base/raw.h"
#include "interpose/base/symbol.h"
#include "interpose/memory/marks.h"
#include "interpose/turns/between.h"
#include "interpose/turns/footprint.h"
#include "interpose/turns/turns.h"

enum { SIDES = 2, OVER = UINT32_MAX };

/* One a cache line: ThreadSanitizer's edges are by address, and so is the hardware's traffic. */
static struct side {
	_Alignas(64) uint32_t go; /* futex: number of the pair that the side may begin, or OVER */
	uint32_t begun;           /* the last one that it began */
	uint32_t place;           /* in the turns */
	char gate, done;          /* their addresses stand for the edges above; */
	/* of what Python code does to variables these: go's, and one that is 16 bytes from it */
	_Alignas(16) char variables_done;
} sides[SIDES];
static uint32_t pair;
HIDDEN uint32_t pairs_now;

static void (*tsan_acquire)(void *address);
static void (*tsan_release)(void *address);

HIDDEN void (*pairs_order)(const void *address, bool releases);

static void order_variables(const void *address, bool releases)
{
	if (pairs_order)
		pairs_order(address, releases);
}

static void wake(uint32_t *word, uint32_t value)
{
	__atomic_store_n(word, value, __ATOMIC_RELEASE);
	raw_syscall6(SYS_futex, (long)word, FUTEX_WAKE_PRIVATE, 1, 0, 0, 0);
}

bool ftstress_pair_run(uint32_t first)
{
	if (!tsan_acquire) {
		tsan_release = (void (*)(void *))symbol_need("__tsan_release");
		tsan_acquire = (void (*)(void *))symbol_need("__tsan_acquire");
	}
	marks_making = false;
	marks_forget();
	between_forget();
	footprint_all_made();
	pair = (pair + 1) % OVER;
	__atomic_store_n(&pairs_now, pair, __ATOMIC_RELAXED);
	turns_begin_round(SIDES);
	for (uint32_t i = 0; i < SIDES; i++) {
		tsan_release(&sides[i].gate);
		order_variables(&sides[i].go, true);
	}
	for (uint32_t i = 0; i < SIDES; i++) {
		sides[i].place = i == first ? 0 : 1;
		wake(&sides[i].go, pair);
	}
	return ftstress_pair_wait();
}

bool ftstress_pair_wait(void)
{
	if (!ftstress_turns_entered(SIDES) || !ftstress_turns_run())
		return false;
	__atomic_store_n(&pairs_now, 0, __ATOMIC_RELAXED);
	for (uint32_t i = 0; i < SIDES; i++) {
		tsan_acquire(&sides[i].done);
		order_variables(&sides[i].variables_done, false);
	}
	marks_making = true;
	return true;
}

bool ftstress_pair_next(uint32_t number)
{
	struct side *side = &sides[number % SIDES];
	if (side->begun) {
		between_ends();
		footprint_ends(number);
		tsan_release(&side->done);
		order_variables(&side->variables_done, true);
		ftstress_turn_leave();
	}
	uint32_t go;
	while ((go = __atomic_load_n(&side->go, __ATOMIC_ACQUIRE)) == side->begun)
		raw_syscall6(SYS_futex, (long)&side->go, FUTEX_WAIT_PRIVATE, go, 0, 0, 0);
	if (go == OVER)
		return false;
	side->begun = go;
	tsan_acquire(&side->gate);
	order_variables(&side->go, false);
	ftstress_turn_enter(side->place);
	footprint_begins(number);
	between_begins(number);
	return true;
}

void ftstress_pair_end(void)
{
	marks_making = false;
	ftstress_turns_end();
	for (uint32_t i = 0; i < SIDES; i++)
		wake(&sides[i].go, OVER);
}
