/* meet.c - see meet.h. */
#define _GNU_SOURCE
#include "interpose/wrap/meet.h"

#include "interpose/base/concern.h"
#include "interpose/base/symbol.h"
#include "interpose/memory/counts.h"
#include "interpose/memory/made.h"
#include "interpose/stacks/stacks.h"
#include "interpose/turns/turns.h"

#include <linux/futex.h>
#include <stddef.h>
#include <sys/mman.h>
#include <time.h>

enum {
	PLACES = 16,
	WRITES_8 = 3,           /* index of stacks_real_write */
	TRIES = 24,             /* waits of a process at a place */
	MEETINGS = 8,           /* after so many, in all processes, the place is tried no more */
	OVERLAP_NS = 10000000,  /* a wait where threads overlap, */
	TURN_NS = 200000000,    /* and in turns */
	PROCESS_NS = 300000000, /* of a process where they overlap, in all */
};

struct place {
	uint64_t pc; /* 0 = free */
	uint32_t met;
};
static struct place *shared; /* PLACES of them, of all iterations; NULL: off */
static uint8_t tries[PLACES];
static uint64_t waited;
static uint64_t filter; /* bits by the hash of each place */
static tsan_access *real_write;

/* The one thread that waits. */
static struct raw_lock lock;
static struct {
	const void *address; /* NULL = nobody waits */
	uint32_t rung;       /* futex: counts those who were met */
} waiter;

/*
 * In turns the others go first, till they end or wait: how fast they are does not decide who meets whom,
 * and it takes no time that is not theirs anyway.
 */
static void wait_for_other(uint32_t heard)
{
	static const struct timespec most = { 0, OVERLAP_NS };
	uint64_t began = raw_now();
	if (turns_self) {
		turns_step_aside(TURN_NS);
		return;
	}
	raw_syscall6(SYS_futex, (long)&waiter.rung, FUTEX_WAIT_PRIVATE, heard, (long)&most, 0, 0);
	__atomic_fetch_add(&waited, raw_now() - began, __ATOMIC_RELAXED);
}

/* Is a reference to an object replaced there? */
static bool is_reference(const void *address)
{
	struct made made;
	uint64_t object = *(const uint64_t *)address;
	return object % 16 == 0 && made_covers(object) && made_find(object, &made);
}

/* Meets who waits at the address, or waits; false: neither. */
static bool take_part(struct place *place, const void *address, uint32_t *heard)
{
	unsigned number = (unsigned)(place - shared);
	bool waits = false;
	raw_lock(&lock);
	if (waiter.address == address) {
		waiter.address = NULL;
		__atomic_add_fetch(&waiter.rung, 1, __ATOMIC_RELEASE);
		__atomic_add_fetch(&place->met, 1, __ATOMIC_RELAXED);
		raw_syscall6(SYS_futex, (long)&waiter.rung, FUTEX_WAKE_PRIVATE, 1, 0, 0, 0);
	} else if (!waiter.address && tries[number] < TRIES && waited < PROCESS_NS &&
		   is_reference(address)) {
		tries[number]++;
		waiter.address = address;
		*heard = waiter.rung;
		waits = true;
	}
	raw_unlock(&lock);
	return waits;
}

static __attribute__((noinline)) void meet(struct place *place, const void *address)
{
	uint32_t heard = 0;
	if (__atomic_load_n(&place->met, __ATOMIC_RELAXED) >= MEETINGS ||
	    !take_part(place, address, &heard))
		return;
	wait_for_other(heard);
	raw_lock(&lock);
	if (waiter.address == address && waiter.rung == heard)
		waiter.address = NULL;
	raw_unlock(&lock);
}

static inline uint64_t bit_of(uint64_t pc)
{
	return 1ull << (pc * 0x9e3779b97f4a7c15ull >> 58);
}

/* In the place of __tsan_write8(), reached by a jump: before the write is told, and made. */
static void write_8(void *address)
{
	uint64_t pc = (uint64_t)__builtin_return_address(0);
	for (unsigned i = 0; UNLIKELY(filter & bit_of(pc)) && i < PLACES && shared[i].pc; i++)
		if (UNLIKELY(shared[i].pc == pc))
			meet(&shared[i], address);
	JUMP real_write(address);
}

void meet_begin(void)
{
	for (unsigned i = 0; i < PLACES && shared && shared[i].pc; i++)
		__atomic_fetch_or(&filter, bit_of(shared[i].pc), __ATOMIC_RELAXED);
	if (filter)
		stacks_real_write[WRITES_8] = write_8;
}

void meet_add(uint64_t pc)
{
	for (unsigned i = 0; i < PLACES && shared; i++) {
		uint64_t none = 0;
		if (shared[i].pc == pc)
			break;
		if (!shared[i].pc &&
		    __atomic_compare_exchange_n(&shared[i].pc, &none, pc, false, __ATOMIC_RELEASE,
						__ATOMIC_RELAXED))
			break;
	}
	meet_begin();
}

static bool start(const char **why)
{
	if (!counts_on) {
		*why = CONCERN_OFF;
		return false;
	}
	long at = raw_syscall6(SYS_mmap, 0, PLACES * sizeof *shared, PROT_READ | PROT_WRITE,
			       MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (at < 0 && at > -4096) {
		*why = "no memory for it";
		return false;
	}
	real_write = stacks_real_write[WRITES_8];
	shared = (struct place *)at;
	return true;
}

static void before_fork(void)
{
	raw_lock(&lock);
}

static void after_fork(bool in_child)
{
	if (in_child)
		waiter.address = NULL;
	raw_unlock(&lock);
}

const struct concern concern_meet = {
	.name = "threads that drop one reference",
	.start = start,
	.before_fork = before_fork,
	.after_fork = after_fork,
};
