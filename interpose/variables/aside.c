/* aside.c - see aside.h. */
#define _GNU_SOURCE
#include "interpose/variables/aside.h"

#include "interpose/turns/turns.h"
#include "interpose/variables/fibers.h"

enum {
	ALONE_MOST = 50,  /* stops in a test */
	TURNS_MOST = 100, /* of others, in one stop; they may be short */
	OVERLAP_NS = 10 * 1000 * 1000,
	TURN_NS = 300 * 1000 * 1000,
};
#define VAIN_NS                                                                                    \
	3000000000ul /* of a process, and more for each test: a busy machine takes its time */
#define VAIN_TEST_NS 250000000ul

static uint32_t rung;   /* futex */
static uint64_t waited; /* ns, in vain */
static uint32_t alone;  /* stops in a test, where nobody else was there */

bool aside_is_enough(void)
{
	return __atomic_load_n(&waited, __ATOMIC_RELAXED) >=
		       VAIN_NS + fibers_tests * VAIN_TEST_NS ||
	       __atomic_load_n(&alone, __ATOMIC_RELAXED) >= ALONE_MOST;
}

/* Where threads overlap: waits for a moment, or till another one has written. */
static void wait_for_ring(bool (*is_stopped)(void))
{
	static const struct timespec most = { 0, OVERLAP_NS };
	uint32_t heard = __atomic_load_n(&rung, __ATOMIC_ACQUIRE);
	if (is_stopped())
		raw_syscall6(SYS_futex, (long)&rung, FUTEX_WAIT_PRIVATE, heard, (long)&most, 0, 0);
}

/* In turns: passes the turn on. False: there is no other thread. */
static bool step_aside(bool (*is_stopped)(void))
{
	enum turns_aside aside = TURNS_OTHERS_RAN;
	uint64_t late = raw_now() + TURN_NS;
	for (unsigned i = 0; aside == TURNS_OTHERS_RAN && i < TURNS_MOST && raw_now() < late; i++) {
		aside = turns_step_aside(TURN_NS);
		if (!is_stopped() || asked_to_stop())
			return true;
	}
	return aside != TURNS_NONE;
}

bool aside_let_others_come(bool (*is_stopped)(void))
{
	uint64_t began = raw_now();
	bool others = true;
	if (turns_self)
		others = step_aside(is_stopped);
	else
		wait_for_ring(is_stopped);
	if (!others)
		__atomic_fetch_add(&alone, 1, __ATOMIC_RELAXED);
	else
		__atomic_store_n(&alone, 0, __ATOMIC_RELAXED);
	if (others && is_stopped())
		__atomic_fetch_add(&waited, raw_now() - began, __ATOMIC_RELAXED);
	return others;
}

void aside_ring(void)
{
	__atomic_fetch_add(&rung, 1, __ATOMIC_RELEASE);
	raw_syscall6(SYS_futex, (long)&rung, FUTEX_WAKE_PRIVATE, 1, 0, 0, 0);
}

void aside_test_ends(void)
{
	__atomic_store_n(&alone, 0, __ATOMIC_RELAXED);
}
