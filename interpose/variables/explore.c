/* explore.c - see explore.h. */
#include "interpose/variables/explore.h"

#include "ftstress/record.h"
#include "interpose/base/ring.h"
#include "interpose/python/layout.h"
#include "interpose/stacks/stacks.h"
#include "interpose/turns/turns.h"
#include "interpose/variables/confirm.h"
#include "interpose/variables/fibers.h"
#include "interpose/variables/variables.h"

#include <stddef.h>

enum {
	TOUCHES = 1 << 15, /* of a test that are told */
	TOUCHES_A_RECORD = 2048,
	PENDING = 8,    /* variables of one instruction */
	STEP_BYTES = 3, /* number of the access of 8 bytes, see stacks.h */
	CHANCES = 6,    /* by seed: a turn ends at one point in 2, 4, ... or 64 */
	PAUSES = 60,    /* in a test */
	PAUSE_LEAST_NS = 50 * 1000,
	PAUSE_DOUBLES = 6, /* the longest is so many times twice as long */
};

HIDDEN bool explore_live;
static uint64_t switches;
static uint64_t random_state; /* not 0: by seed */
static uint32_t chance;
static bool pauses; /* threads overlap: by seed one stops for a moment */
static uint32_t pauses_made;
static uint32_t points;
static uint32_t flags;
static struct fts_touch touches[TOUCHES];
static uint32_t touch_count;

struct pending {
	const char *variable;
	bool write;
};
#define THREAD_LOCAL static __thread __attribute__((tls_model("initial-exec")))
THREAD_LOCAL struct pending pending[PENDING];
THREAD_LOCAL unsigned pending_count;
/* The word into which the eval loop writes when the instruction is over. */
THREAD_LOCAL const char *awaited;

void explore_look(const struct access *access)
{
	enum site_operation operation = site_operation(access->site);
	if (!turns_self && !pauses)
		return;
	if (pending_count < PENDING)
		pending[pending_count++] =
			(struct pending){ access->stand_in,
					  operation != SITE_READ && operation != SITE_SIZE };
	awaited = (const char *)access->frame + python_at.frame_instr_ptr;
}

static void tell_point(uint32_t point, uint64_t ready)
{
	for (unsigned i = 0; i < pending_count; i++) {
		uint32_t at = __atomic_fetch_add(&touch_count, 1, __ATOMIC_RELAXED);
		if (at >= TOUCHES) {
			flags |= FTS_SCHEDULE_CUT;
			__atomic_store_n(&touch_count, TOUCHES, __ATOMIC_RELAXED);
			break;
		}
		touches[at] = (struct fts_touch){
			.variable = (uint64_t)pending[i].variable,
			.ready = ready,
			.point = point,
			.thread = (uint8_t)turns_number(),
			.write = pending[i].write,
		};
	}
	pending_count = 0;
}

static uint64_t draw(void)
{
	uint64_t word = __atomic_add_fetch(&random_state, 0x9e3779b97f4a7c15ull, __ATOMIC_RELAXED);
	word = (word ^ word >> 30) * 0xbf58476d1ce4e5b9ull;
	word = (word ^ word >> 27) * 0x94d049bb133111ebull;
	return word ^ word >> 31;
}

/* By seed: one of those that could run, now and then. */
static void switch_by_seed(uint64_t ready)
{
	if (!ready || draw() % chance)
		return;
	unsigned which = (unsigned)(draw() % (unsigned)__builtin_popcountll(ready));
	for (; which; which--)
		ready &= ready - 1;
	turns_switch((uint32_t)__builtin_ctzll(ready));
}

/* It stays attached: for the others it is a thread that the system has not scheduled. */
static void pause_by_seed(void)
{
	if (draw() % chance || asked_to_stop() ||
	    __atomic_add_fetch(&pauses_made, 1, __ATOMIC_RELAXED) > PAUSES)
		return;
	struct timespec pause = { .tv_nsec = (long)PAUSE_LEAST_NS << draw() % PAUSE_DOUBLES };
	raw_syscall3(SYS_nanosleep, (long)&pause, 0, 0);
}

static void stepped(void)
{
	awaited = NULL;
	if (pauses) {
		pending_count = 0;
		if (explore_live)
			pause_by_seed();
		return;
	}
	if (!turns_self || !explore_live) {
		pending_count = 0;
		return;
	}
	uint32_t point = __atomic_add_fetch(&points, 1, __ATOMIC_RELAXED);
	uint64_t ready = turns_ready();
	tell_point(point, ready);
	if (random_state) {
		switch_by_seed(ready);
		return;
	}
	uint32_t next = (uint32_t)switches;
	if (next / FTS_SWITCH_THREADS != point)
		return;
	switches >>= 32;
	if (!turns_switch(next % FTS_SWITCH_THREADS))
		flags |= FTS_SCHEDULE_LEFT;
}

/* What confirm.h sees of the instruction comes first: behind it another thread may go on. */
static void stepping_write(void *address, void *pc)
{
	if (!pauses)
		confirm_step(address);
	if (UNLIKELY(address == awaited) && awaited)
		stepped();
	JUMP stacks_loop_write[STEP_BYTES](address, pc);
}

static void tell_test(void)
{
	uint32_t told = 0;
	if (switches)
		flags |= FTS_SCHEDULE_LEFT;
	do {
		struct fts_schedule head = { .count = touch_count - told };
		if (head.count > TOUCHES_A_RECORD)
			head.count = TOUCHES_A_RECORD;
		if (told + head.count == touch_count)
			head.flags = flags | FTS_SCHEDULE_DONE;
		struct ring_part parts[] = {
			{ &head, sizeof head },
			{ touches + told, head.count * (uint32_t)sizeof *touches },
		};
		ring_write(FTS_REC_SCHEDULE, parts, 2);
		told += head.count;
	} while (told < touch_count);
}

void explore_test(bool runs)
{
	if (!explore_live)
		return;
	__atomic_store_n(&stacks_named_write[STEP_BYTES],
			 runs ? stepping_write : stacks_loop_write[STEP_BYTES], __ATOMIC_RELEASE);
	if (runs)
		return;
	explore_live = false;
	if (!pauses)
		tell_test();
}

int ftstress_pauses(uint64_t seed)
{
	if (!variables_live)
		return -1;
	random_state = seed | 1;
	chance = 2u << draw() % CHANCES;
	pauses_made = 0;
	explore_live = pauses = true;
	return 0;
}

int ftstress_explore(uint64_t wanted, uint64_t seed)
{
	if (!variables_live)
		return -1;
	points = touch_count = flags = 0;
	switches = wanted;
	random_state = 0;
	if (wanted == FTS_SWITCHES_BY_SEED) {
		switches = 0;
		random_state = seed;
		chance = 2u << draw() % CHANCES;
		random_state |= 1;
	}
	confirm_watch();
	pauses = false;
	explore_live = true;
	return 0;
}
