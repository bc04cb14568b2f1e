/* turns.c - see turns.h. */
#define _GNU_SOURCE
#include "interpose/turns/turns.h"
#include "interpose/base/symbol.h"
#include "interpose/memory/contended.h"
#include "interpose/turns/look.h"

#include <errno.h>
#include <time.h>

enum {
	MEMBERS = 1024,
	ALL = MEMBERS,                     /* may end */
	STALL_NS = 10 * 1000 * 1000,       /* between two looks at who holds the turn */
	LONG_NS = 5 * 1000 * 1000 * 1000l, /* of computing, after which a turn should end */
	FLUSH_EVERY = 8,                   /* tests */
	ROUNDS_A_FLUSH = 256,              /* rounds that count as a test there */
	NAPS = 50,                         /* looks that find it asleep, for moments at a time */
	/*
	 * Who spins for one of CPython's locks does so 40 times (MAX_SPIN_COUNT in Python/lock.c), without
	 * a look at the lock, and then goes to sleep; who wakes it up is known.
	 */
	SPINS = 40,
	ANSWERS = 2,                 /* of a new thread to its creator */
	ALONE_NS = 25 * 1000 * 1000, /* for others to come back from a sleep */
};

enum state {
	FREE,
	QUEUED,  /* waits for its turn, or will when it comes back */
	RUNNING, /* has the turn */
	BLOCKED, /* passed it on, or lost it */
};

struct member {
	enum state state;
	uint32_t tid;           /* 0 = not known yet */
	uint32_t generation;    /* of the turns that it takes part in */
	uint32_t number;        /* see turns_number() */
	uint64_t ticket;        /* place in the queue */
	const void *waits;      /* semaphore that it is blocked on, or NULL */
	uint32_t spins;         /* since it has passed a turn on */
	uint32_t calls;         /* Python functions that returned in this turn */
	bool yields;            /* at the next one */
	uint32_t answers;       /* how often it has woken its creator up */
	struct member *creator; /* NULL: runs the test's body, or has answered its creator */
};

#define NEVER UINT64_MAX

/* What was seen of who has the turn. */
struct look {
	struct member *member;
	uint64_t computed; /* ns, at the first look or since it was asked to end */
	uint64_t switches;
	uint32_t naps;
};

HIDDEN __thread struct member *turns_self __attribute__((tls_model("initial-exec")));
/* The next turns give its slot to another: it is the thread's as long as this stands in it. */
static __thread uint32_t self_tid __attribute__((tls_model("initial-exec")));

static struct raw_lock lock; /* of all below */
static struct member members[MEMBERS];
static uint32_t rung[MEMBERS]; /* futexes: how often each was called to look again */
static uint32_t members_used;
static uint32_t members_made; /* in these turns */
static struct member *running;
static uint64_t tickets;
static uint32_t to_come;     /* bodies that have not entered yet; futex */
static uint32_t body_count;  /* of the test */
static uint32_t bodies_left; /* that have not left; futex */
static bool main_to_come;    /* the main thread starts the others, and has not finished that */
static uint32_t may_end;     /* 1 + place of the body whose thread may end; futex */
static uint32_t generation;  /* odd: turns are taken */
static uint32_t turn_calls;  /* Python calls in a turn, 0 = till the member ends or blocks */
static struct look look;

static void *(*save_thread)(void); /* detaches: PyEval_SaveThread */
static void (*restore_thread)(void *tstate);

static void futex_wake(uint32_t *word, long count)
{
	raw_syscall6(SYS_futex, (long)word, FUTEX_WAKE_PRIVATE, count, 0, 0, 0);
}

static long futex_wait(uint32_t *word, uint32_t value, const struct timespec *most)
{
	return raw_syscall6(SYS_futex, (long)word, FUTEX_WAIT_PRIVATE, value, (long)most, 0, 0);
}

/* Until the word is at most the value; false: a signal came, and the caller has to see to it. */
static bool wait_for_at_most(uint32_t *word, uint32_t most)
{
	uint32_t value;
	while ((value = __atomic_load_n(word, __ATOMIC_ACQUIRE)) > most)
		if (futex_wait(word, value, NULL) == -EINTR)
			return false;
	return true;
}

static void set_and_wake(uint32_t *word, uint32_t value)
{
	__atomic_store_n(word, value, __ATOMIC_RELEASE);
	futex_wake(word, MEMBERS);
}

static bool active(void)
{
	return __atomic_load_n(&generation, __ATOMIC_RELAXED) & 1;
}

/* The rest is called with the lock held, but for what begins with turns_ or ftstress_. */

static struct member *member_new(struct member *creator, uint64_t ticket)
{
	for (uint32_t i = 0; i < MEMBERS; i++) {
		struct member *member = &members[i];
		if (member->state != FREE)
			continue;
		*member = (struct member){ .state = QUEUED,
					   .generation = generation,
					   .number = members_made++,
					   .ticket = ticket,
					   .creator = creator };
		if (i >= members_used)
			members_used = i + 1;
		return member;
	}
	return NULL; /* it runs beside the others */
}

static struct member *first_queued(void)
{
	struct member *first = NULL;
	for (uint32_t i = 0; i < members_used; i++)
		if (members[i].state == QUEUED && (!first || members[i].ticket < first->ticket))
			first = &members[i];
	return first;
}

static uint32_t *bell(const struct member *member)
{
	return &rung[member - members];
}

/*
 * The member looks again at whose turn it is. The count only rises, also when its slot gets another
 * member: who has given the lock back and does not wait yet will not wait then.
 */
static void ring(const struct member *member)
{
	uint32_t *word = bell(member);
	__atomic_store_n(word, *word + 1, __ATOMIC_RELEASE);
	futex_wake(word, 1);
}

/* The first in the queue watches the member that runs, and may not know that it is first now. */
static void ring_first(void)
{
	struct member *first = first_queued();
	if (first)
		ring(first);
}

/* Gives the turn to the first in the queue, if nobody has it. */
static void grant(void)
{
	struct member *first = running || to_come || main_to_come ? NULL : first_queued();
	if (!first)
		return;
	running = first;
	look.member = NULL;
	first->state = RUNNING;
	first->waits = NULL;
	ring(first);
	ring_first();
}

static void queue(struct member *member)
{
	member->state = QUEUED;
	member->ticket = ++tickets;
}

/* The member does not run any more. */
static void pass(struct member *member, enum state state, const void *waits)
{
	member->state = state;
	member->waits = waits;
	if (running == member)
		running = NULL;
	grant();
}

/*
 * Is the member that has the turn not going to pass it on by itself? Asked every STALL_NS. In a
 * wait that nothing can interrupt (state D) it is busy with a file, not waiting for somebody.
 */
static bool is_stalled(struct member *member)
{
	if (!member->tid)
		return false; /* is being created */
	if (raw_is_gone(member->tid)) {
		pass(member, FREE, NULL); /* it has ended without a word */
		return false;
	}
	uint64_t computed = look_computed(member->tid);
	bool again = look.member == member;
	if (!again)
		look = (struct look){ member, computed, 0, 0 };
	if (computed - look.computed >= (uint64_t)LONG_NS) {
		if (member->yields)
			return true; /* it calls nothing: it gets company */
		__atomic_store_n(&member->yields, true, __ATOMIC_RELAXED);
		look.computed = computed;
	}
	uint64_t switches;
	bool asleep = look_asleep(member->tid, &switches);
	look.naps += asleep;
	bool stalled = asleep && again && (look.switches == switches || look.naps >= NAPS);
	look.switches = asleep ? switches : 0;
	return stalled;
}

/* Until it is the member's turn, turns are over, or it is `late`. Returns without the lock. */
static void wait_for_turn_until(struct member *member, uint64_t late)
{
	static const struct timespec stall = { 0, STALL_NS };
	const uint32_t mine = generation;
	grant();
	while (running != member && active() && generation == mine) {
		bool watches = running && first_queued() == member;
		uint32_t heard = *bell(member);
		raw_unlock(&lock);
		futex_wait(bell(member), heard, watches || late != NEVER ? &stall : NULL);
		raw_lock(&lock);
		if (generation != mine)
			break;
		if (member->state == BLOCKED) /* it got the turn, and lost it before it woke up */
			queue(member);
		if (watches && running && running != member && first_queued() == member &&
		    is_stalled(running))
			pass(running, BLOCKED, NULL);
		grant();
		if (late != NEVER && running != member && raw_now() >= late) {
			pass(member, BLOCKED, NULL);
			break;
		}
	}
	raw_unlock(&lock);
}

static void wait_for_turn(struct member *member)
{
	wait_for_turn_until(member, NEVER);
}

/* The calling thread's place, NULL where turns are over for it. Takes the lock if it is there. */
static struct member *own_locked(void)
{
	struct member *member = turns_self;
	if (!member)
		return NULL;
	raw_lock(&lock);
	if (active() && member->generation == generation && member->tid == self_tid)
		return member;
	raw_unlock(&lock);
	turns_self = NULL;
	return NULL;
}

void turns_regain(void)
{
	if (__atomic_load_n(&running, __ATOMIC_RELAXED) == turns_self)
		return;
	struct member *member = own_locked();
	if (!member)
		return;
	if (member->state == BLOCKED)
		queue(member);
	wait_for_turn(member);
}

struct member *turns_created(void)
{
	struct member *self = own_locked();
	if (!self)
		return NULL;
	for (uint32_t i = 0; i < members_used; i++)
		if (members[i].creator == self)
			members[i].creator = NULL; /* it has come up */
	/* First of all: its creator will wait until it has come up. */
	struct member *member = member_new(self, 0);
	raw_unlock(&lock);
	return member;
}

void turns_not_created(struct member *member)
{
	if (!member)
		return;
	raw_lock(&lock);
	if (member->generation == generation) {
		pass(member, FREE, NULL);
		ring_first();
	}
	raw_unlock(&lock);
}

void turns_started(struct member *member)
{
	raw_lock(&lock);
	if (!active() || member->generation != generation || member->tid) {
		raw_unlock(&lock); /* it comes late */
		return;
	}
	member->tid = self_tid = raw_gettid();
	turns_self = member;
	wait_for_turn(member);
}

void turns_ended(void)
{
	struct member *member = own_locked();
	if (!member)
		return;
	turns_self = NULL;
	pass(member, FREE, NULL);
	raw_unlock(&lock);
}

/* Everybody goes on. */
static void finish(void)
{
	generation++;
	running = NULL;
	main_to_come = false;
	set_and_wake(&to_come, 0);
	set_and_wake(&bodies_left, 0);
	for (uint32_t i = 0; i < members_used; i++) {
		if (members[i].state != FREE)
			ring(&members[i]);
	}
}

/*
 * After some millions of releases TSan's epochs are used up, and it forgets every access. That is
 * done here, between two tests, where nothing is lost, and not in the middle of one. (20 ms in a
 * process that has NumPy, most of it page faults afterwards, so not for every test.)
 */
static void flush(void)
{
	static void (*forget)(void);
	static uint32_t tests;
	if (tests++ % FLUSH_EVERY)
		return;
	if (!forget)
		forget = (void (*)(void))symbol_next("__tsan_flush_memory");
	if (forget)
		forget();
}

static void begin(uint32_t count, uint32_t calls, bool in_threads)
{
	contended_on = false;
	raw_lock(&lock);
	if (active())
		finish();
	for (uint32_t i = 0; i < members_used; i++)
		members[i].state = FREE;
	members_used = members_made = 0;
	look.member = NULL;
	tickets = to_come = bodies_left = body_count = count;
	main_to_come = in_threads;
	may_end = 0;
	turn_calls = calls;
	generation++;
	raw_unlock(&lock);
}

EXPORT void ftstress_turns_begin(uint32_t count, uint32_t calls, bool in_threads);
void ftstress_turns_begin(uint32_t count, uint32_t calls, bool in_threads)
{
	flush();
	begin(count, calls, in_threads);
}

void turns_begin_round(uint32_t count)
{
	static uint32_t rounds;
	if (rounds++ % ROUNDS_A_FLUSH == 0)
		flush();
	begin(count, 0, true);
}

void ftstress_turns_end(void)
{
	raw_lock(&lock);
	if (active())
		finish();
	raw_unlock(&lock);
	set_and_wake(&may_end, ALL);
}

bool ftstress_turns_entered(uint32_t count)
{
	return wait_for_at_most(&to_come, body_count - count);
}

bool ftstress_turns_run(void)
{
	raw_lock(&lock);
	main_to_come = false;
	grant();
	raw_unlock(&lock);
	return wait_for_at_most(&bodies_left, 0);
}

EXPORT void ftstress_turns_let_go(uint32_t place);
void ftstress_turns_let_go(uint32_t place)
{
	set_and_wake(&may_end, place + 1);
}

void ftstress_turn_enter(uint32_t place)
{
	raw_lock(&lock);
	struct member *member = active() && to_come ? member_new(NULL, place) : NULL;
	if (!member) {
		raw_unlock(&lock);
		return;
	}
	member->tid = self_tid = raw_gettid();
	turns_self = member;
	set_and_wake(&to_come, to_come - 1);
	wait_for_turn(member);
}

void ftstress_turn_leave(void)
{
	struct member *member = own_locked();
	if (!member)
		return;
	turns_self = NULL;
	if (bodies_left == 1)
		finish();
	else
		set_and_wake(&bodies_left, bodies_left - 1), pass(member, FREE, NULL);
	raw_unlock(&lock);
}

EXPORT void ftstress_turn_stay(uint32_t place);
void ftstress_turn_stay(uint32_t place)
{
	uint32_t which;
	while ((which = __atomic_load_n(&may_end, __ATOMIC_ACQUIRE)) != place + 1 && which != ALL)
		futex_wait(&may_end, which, NULL);
}

/*
 * A new thread's first wake-ups are for its creator, who waits until it has come up (threading.Thread's
 * start() does so twice, for a lock and for an event): the turn goes back at once, so that all threads that a test starts exist before the first of them goes on.
 * (One that has ended before the next one starts is ordered before it, by threading's own lists.)
 */
static void woken(struct member *member)
{
	struct member *self = turns_self;
	queue(member);
	if (self && self->creator == member) {
		if (++self->answers == ANSWERS)
			self->creator = NULL;
		self->yields = true;
		member->ticket = 0;
	}
	grant();
}

void turns_call_ended(struct member *member)
{
	bool yields = __atomic_load_n(&member->yields, __ATOMIC_RELAXED);
	if (LIKELY(!yields && (turn_calls == 0 || ++member->calls < turn_calls)) || !own_locked())
		return;
	member->calls = 0;
	member->yields = false;
	bool alone = running == member && !first_queued();
	if (!alone)
		queue(member), pass(member, QUEUED, NULL);
	raw_unlock(&lock);
	if (!alone)
		restore_thread(save_thread());
}

void turns_give_way(bool asleep)
{
	struct member *member = own_locked();
	if (!member)
		return;
	if (!asleep && ++member->spins <= SPINS) {
		raw_unlock(&lock);
		return;
	}
	member->spins = 0;
	if (asleep)
		pass(member, BLOCKED, NULL);
	else
		queue(member), pass(member, QUEUED, NULL);
	if (asleep)
		raw_unlock(&lock);
	else
		wait_for_turn(member);
}

/* Does anybody else take turns? */
static bool has_company(const struct member *member)
{
	for (uint32_t i = 0; i < members_used; i++)
		if (&members[i] != member && members[i].state != FREE)
			return true;
	return false;
}

/* Nobody is queued: the turn is free for a moment. False: nobody came. */
static bool leave_turn_free(struct member *member)
{
	static const struct timespec moment = { 0, ALONE_NS };
	uint32_t heard = *bell(member);
	uint64_t last = tickets;
	pass(member, BLOCKED, NULL);
	raw_unlock(&lock);
	futex_wait(bell(member), heard, &moment);
	raw_lock(&lock);
	return tickets != last;
}

enum turns_aside turns_step_aside(uint64_t most)
{
	struct member *member = own_locked();
	if (!member)
		return TURNS_NONE;
	enum turns_aside aside = TURNS_OTHERS_RAN;
	const uint32_t mine = generation;
	uint64_t late = raw_now() + most;
	if (running != member || !has_company(member)) {
		raw_unlock(&lock);
		return TURNS_NONE;
	}
	if (!first_queued() && !leave_turn_free(member))
		aside = TURNS_NOBODY_CAME;
	if (generation != mine) {
		raw_unlock(&lock);
		return TURNS_NONE;
	}
	if (member->state != QUEUED)
		queue(member);
	pass(member, QUEUED, NULL);
	wait_for_turn_until(member, late);
	return aside;
}

void turns_call_back(struct member *member)
{
	struct member *self = own_locked();
	if (!self)
		return;
	if (member->generation == generation &&
	    (member->state == QUEUED || member->state == BLOCKED)) {
		member->state = QUEUED;
		member->ticket = 0;
		__atomic_store_n(&self->yields, true, __ATOMIC_RELAXED);
		ring(member);
	}
	raw_unlock(&lock);
}

uint32_t turns_number(void)
{
	return turns_self->number;
}

uint64_t turns_ready(void)
{
	uint64_t ready = 0;
	struct member *self = own_locked();
	if (!self)
		return 0;
	for (uint32_t i = 0; i < members_used && running == self; i++)
		if (members[i].state == QUEUED && members[i].number < 64)
			ready |= 1ull << members[i].number;
	raw_unlock(&lock);
	return ready;
}

bool turns_switch(uint32_t number)
{
	struct member *self = own_locked(), *next = NULL;
	if (!self)
		return false;
	for (uint32_t i = 0; i < members_used && running == self; i++)
		if (members[i].state == QUEUED && members[i].number == number)
			next = &members[i];
	if (!next) {
		raw_unlock(&lock);
		return false;
	}
	next->ticket = 0;
	queue(self);
	pass(self, QUEUED, NULL);
	wait_for_turn(self);
	return true;
}

/* If a thread that it has created has not come up yet, that is what it waits for. */
static void let_come_up(const struct member *creator)
{
	for (uint32_t i = 0; i < members_used; i++)
		if (members[i].state == QUEUED && members[i].creator == creator)
			members[i].ticket = 0;
}

bool turns_block(const void *semaphore)
{
	struct member *member = own_locked();
	if (!member)
		return false;
	member->spins = 0;
	let_come_up(member);
	pass(member, BLOCKED, semaphore);
	raw_unlock(&lock);
	return true;
}

void turns_wake(const void *semaphore)
{
	if (LIKELY(!active()))
		return;
	raw_lock(&lock);
	for (uint32_t i = 0; i < members_used; i++)
		if (members[i].state == BLOCKED && members[i].waits == semaphore) {
			woken(&members[i]);
			break;
		}
	raw_unlock(&lock);
}

static bool start(const char **why)
{
	save_thread = (void *(*)(void))symbol_next("PyEval_SaveThread");
	restore_thread = (void (*)(void *))symbol_next("PyEval_RestoreThread");
	if (!save_thread || !restore_thread) {
		*why = "this process has no Python";
		return false;
	}
	if (symbol_next("_PySemaphore_Wait"))
		return true;
	*why = "this Python does not export its waits: turns are passed on late";
	return false;
}

static void before_fork(void)
{
	raw_lock(&lock);
}

static void after_fork(bool in_child)
{
	if (in_child) {
		if (active())
			generation++;
		running = NULL;
		turns_self = NULL;
		to_come = bodies_left = 0;
		may_end = ALL;
	}
	raw_unlock(&lock);
}

const struct concern concern_turns = {
	.name = "turns",
	.start = start,
	.before_fork = before_fork,
	.after_fork = after_fork,
};
