/* fibers.c - see fibers.h, and variables.h for what threads.c and edges.c call. */
#include "interpose/variables/fibers.h"

#include "ftstress/record.h"
#include "interpose/base/symbol.h"
#include "interpose/python/code.h"
#include "interpose/python/layout.h"
#include "interpose/python/walk.h"
#include "interpose/variables/confirm.h"
#include "interpose/variables/granules.h"
#include "interpose/variables/scope.h"
#include "interpose/variables/variables.h"

#include <stddef.h>

enum {
	CALLS = 24,      /* of a stack, the innermost */
	WORDS = 1 << 16, /* for what orders: by a hash of its address */
	NUMBERS = 1 << 16,
	NO_SYNC = 1, /* flag of a switch between fibers */
	/* cpython: Include/internal/pycore_ceval.h */
	PLEASE_STOP = 1 << 5,
};

HIDDEN struct fibers_tsan fibers_tsan;
static long tstate_offset;
static char words[8 * WORDS];
static uint16_t
	numbers[NUMBERS]; /* by TSan's number of the fiber: 1 + the thread's; 0 = not known */
static uint32_t started, living; /* threads: in this test; of these, that have not ended */

HIDDEN uint32_t fibers_tests;
HIDDEN __thread __attribute__((tls_model("initial-exec"))) bool fibers_busy;
HIDDEN __thread __attribute__((tls_model("initial-exec"))) uint32_t fibers_syncs;
HIDDEN __thread __attribute__((tls_model("initial-exec"))) uint32_t fibers_guarded, fibers_outer;

#define THREAD_LOCAL static __thread __attribute__((tls_model("initial-exec")))
THREAD_LOCAL void *real_fiber, *python_fiber;
THREAD_LOCAL uint16_t own_number; /* 0: the main thread, or one that was there before the test */
THREAD_LOCAL struct call told[CALLS]; /* outermost first */
THREAD_LOCAL unsigned told_depth;     /* of these TSan has been told to be entered */

/*
 * The thread's number by TSan's number of its fiber. TSan counts each thread twice, and those of all
 * tests before. Its number for a fiber is that of who has allocated a block that is allocated there.
 */
static void number_fiber(uint16_t number)
{
	int tid = -1;
	uint64_t os_id, frame;
	void *block = fibers_tsan.allocate(1);
	if (block && fibers_tsan.allocated_by(block, &frame, 1, &tid, &os_id) && tid >= 0 &&
	    tid < NUMBERS)
		numbers[tid] = number + 1;
	fibers_tsan.free(block);
}

void fibers_enter(void)
{
	fibers_busy = true;
	if (LIKELY(python_fiber)) {
		fibers_tsan.switch_to(python_fiber, NO_SYNC);
		return;
	}
	real_fiber = fibers_tsan.current_fiber();
	python_fiber = fibers_tsan.create_fiber(0);
	told_depth = 0;
	fibers_tsan.switch_to(python_fiber, NO_SYNC);
	number_fiber(own_number);
}

int variables_thread_number(int tid)
{
	return tid >= 0 && tid < NUMBERS && numbers[tid] ? numbers[tid] - 1 : -1;
}

void fibers_test_begins(void)
{
	fibers_tests++;
	if (!__atomic_load_n(&living, __ATOMIC_RELAXED)) /* else two would have one number */
		started = 0;
}

void fibers_leave(void)
{
	fibers_tsan.switch_to(real_fiber, NO_SYNC);
	fibers_busy = false;
}

static const char *thread_state(void)
{
	return *(const char *const volatile *)((const char *)__builtin_thread_pointer() +
					       tstate_offset);
}

bool asked_to_stop(void)
{
	const char *tstate = thread_state();
	return tstate && load64(tstate, python_at.tstate_eval_breaker) & PLEASE_STOP;
}

/* The frame, or the next one outside, that runs Python code. */
static const void *python_frame_of(const void *frame)
{
	while (frame && *((const uint8_t *)frame + python_at.frame_owner) >= python_at.frame_entry)
		frame = load_pointer(frame, python_at.frame_previous);
	return frame;
}

const void *innermost_frame(void)
{
	const char *tstate = thread_state();
	return tstate ? python_frame_of(load_pointer(tstate, python_at.tstate_current_frame))
		      : NULL;
}

static const void *code_of(const void *frame)
{
	return (const void *)(load64(frame, python_at.frame_executable) & ~1ull);
}

static uint64_t pc_of(const struct call *call, uint32_t id)
{
	uint64_t offset = call->instruction - python_bytecode(call->code, call->frame);
	uint64_t instruction = offset / 2 < FTS_PC_MARKER ? offset / 2 : FTS_PC_MARKER;
	return id ? FTS_PC_PYTHON | (uint64_t)id << 16 | instruction : 0;
}

struct call call_of(const void *frame)
{
	return (struct call){ .frame = frame,
			      .code = code_of(frame),
			      .instruction = load64(frame, python_at.frame_instr_ptr) };
}

void callers_of(const void *frame, struct caller *callers, unsigned most)
{
	for (unsigned i = 0; i < most; i++) {
		const void *next = frame ? load_pointer(frame, python_at.frame_previous) : NULL;
		frame = python_frame_of(next);
		callers[i] = (struct caller){ .frame = frame, .by_c = frame != next };
		if (!frame)
			continue;
		callers[i].code = code_of(frame);
		callers[i].instruction = load64(frame, python_at.frame_instr_ptr);
	}
}

void name_call(struct call *call)
{
	uint32_t id = code_id(call->code);
	call->pc = pc_of(call, id);
	call->scope = id ? scope_of(call->code, id) : SCOPE_NONE;
}

unsigned stack_of(const void *frame, uint64_t *pcs, unsigned most)
{
	unsigned count = 0;
	for (; frame && count < most;
	     frame = python_frame_of(load_pointer(frame, python_at.frame_previous))) {
		struct call call = call_of(frame);
		name_call(&call);
		if (call.pc)
			pcs[count++] = call.pc;
	}
	return count;
}

static bool same_call(const struct call *a, const struct call *b)
{
	return a->frame == b->frame && a->code == b->code && a->instruction == b->instruction;
}

uint8_t tell_calls(const void *innermost)
{
	struct call calls[CALLS]; /* innermost first */
	unsigned depth = 0;
	const void *frame = python_frame_of(load_pointer(innermost, python_at.frame_previous));
	for (; frame && depth < CALLS; depth++) {
		calls[depth] = call_of(frame);
		frame = python_frame_of(load_pointer(frame, python_at.frame_previous));
	}
	unsigned same = 0;
	while (same < depth && same < told_depth &&
	       same_call(&told[same], &calls[depth - 1 - same]))
		same++;
	for (; told_depth > same; told_depth--)
		fibers_tsan.func_exit();
	uint8_t scopes = 0;
	for (unsigned i = 0; i < same; i++)
		scopes |= told[i].scope;
	for (; same < depth; same++) {
		struct call *call = &told[same];
		*call = calls[depth - 1 - same];
		name_call(call);
		scopes |= call->scope;
		fibers_tsan.func_entry((void *)call->pc);
		told_depth = same + 1;
	}
	return scopes;
}

/* What orders. */

char *fibers_word(const void *address)
{
	uint64_t hash = (uintptr_t)address / 16 * 0x9e3779b97f4a7c15ull;
	return &words[8 * ((hash ^ hash >> 29) % WORDS)];
}

void fibers_order(char *word, bool releases)
{
	fibers_enter();
	if (releases)
		fibers_tsan.release(word);
	else
		fibers_tsan.acquire(word);
	fibers_leave();
}

void variables_release(const void *address)
{
	if (!variables_testing || fibers_busy)
		return;
	fibers_syncs++;
	fibers_order(fibers_word(address), true);
}

void variables_acquire(const void *address)
{
	if (!variables_testing || fibers_busy)
		return;
	fibers_syncs++;
	fibers_order(fibers_word(address), false);
}

HIDDEN void (*variables_holds)(const void *lock, bool reentrant, bool takes);

/*
 * Is the lock one of threading's own, by which it makes threads wait for each other (a Condition's
 * waiter takes one twice, and another thread gives it back)? It uses those of its users by `with`.
 */
static bool is_own_lock(uint8_t scope, enum variables_lock kind)
{
	return kind == VARIABLES_NO_LOCK || (kind == VARIABLES_LOCK && scope & SCOPE_SYNC);
}

/* Locks that the thread has taken and not given back, oldest first. */
struct held {
	const void *lock;
	uint32_t syncs, test; /* when */
	bool reentrant, own;
};
THREAD_LOCAL struct held held[FIBERS_HELD];
THREAD_LOCAL unsigned held_count;

static void keep_bounds(void)
{
	unsigned oldest = 0;
	/* What a test before has left behind was given back by another thread. */
	while (oldest < held_count && (held[oldest].own || held[oldest].test != fibers_tests))
		oldest++;
	fibers_guarded = held_count ? held[held_count - 1].syncs : 0;
	fibers_outer = oldest < held_count ? held[oldest].syncs : 0;
}

static void let_go(unsigned at)
{
	for (held_count--; at < held_count; at++)
		held[at] = held[at + 1];
}

static void hold(const void *lock, bool reentrant, bool own)
{
	/* The thread has it, by what is known: another one has given it back. */
	for (unsigned i = 0; i < held_count && !reentrant; i++)
		if (held[i].lock == lock)
			let_go(i);
	if (held_count == FIBERS_HELD) /* the oldest tells least */
		let_go(0);
	held[held_count++] = (struct held){ lock, fibers_syncs, fibers_tests, reentrant, own };
	keep_bounds();
}

/* Another thread may give it back: then it stays, and what was read before is not gone by. */
static void give_back(const void *lock)
{
	unsigned at = held_count;
	while (at && held[at - 1].lock != lock)
		at--;
	if (!at)
		return;
	let_go(at - 1);
	keep_bounds();
}

void fibers_held(struct held_locks *out)
{
	out->count = 0;
	for (unsigned i = 0; i < held_count; i++) {
		if (held[i].own || held[i].test != fibers_tests)
			continue;
		out->locks[out->count] = held[i].lock;
		out->reentrant[out->count++] = held[i].reentrant;
	}
}

static void order_by_lock(const void *lock, enum variables_lock kind, bool takes)
{
	const void *frame = innermost_frame();
	struct call call = { 0 };
	if (frame) {
		call = call_of(frame);
		name_call(&call);
	}
	/* The lock of threading's list of threads orders nothing that is meant. */
	if (call.scope & SCOPE_THREAD_LIST)
		return;
	fibers_syncs++;
	if (kind != VARIABLES_NO_LOCK && takes)
		hold(lock, kind == VARIABLES_RLOCK, is_own_lock(call.scope, kind));
	else if (kind != VARIABLES_NO_LOCK)
		give_back(lock);
	fibers_enter();
	if (takes)
		fibers_tsan.acquire(fibers_word(lock));
	if (variables_holds && !is_own_lock(call.scope, kind))
		variables_holds(lock, kind == VARIABLES_RLOCK, takes);
	if (!takes)
		fibers_tsan.release(fibers_word(lock));
	fibers_leave();
}

void variables_lock_given(const void *lock, enum variables_lock kind)
{
	if (!variables_testing || fibers_busy)
		return;
	order_by_lock(lock, kind, false);
	confirm_note_release();
}

void variables_lock_taken(const void *lock, enum variables_lock kind)
{
	if (variables_testing && !fibers_busy)
		order_by_lock(lock, kind, true);
}

uint16_t fibers_own_number(void)
{
	return own_number;
}

static void hold_as_other(const struct held_locks *locks, bool takes)
{
	for (unsigned i = 0; variables_holds && i < locks->count; i++)
		variables_holds(locks->locks[i], locks->reentrant[i], takes);
}

/*
 * A fiber of its own for the other thread's write: it comes after all that this thread has done, and before
 * nothing that any thread does.
 */
void fibers_tell_between(const struct write_between *between, char *at)
{
	static struct raw_lock lock;
	static void *last; /* its history is asked for when this thread tells its write */
	if (!between->depth || !raw_trylock(&lock))
		return;
	if (last)
		fibers_tsan.destroy_fiber(last);
	void *fiber = last = fibers_tsan.create_fiber(0);
	fibers_tsan.switch_to(fiber, NO_SYNC);
	number_fiber(between->number);
	for (unsigned i = between->depth; i > 1; i--)
		fibers_tsan.func_entry((void *)between->stack[i - 1]);
	hold_as_other(&between->held, true);
	fibers_tsan.write(at, (void *)between->stack[0]);
	hold_as_other(&between->held, false);
	for (unsigned i = between->depth; i > 1; i--)
		fibers_tsan.func_exit();
	fibers_tsan.switch_to(python_fiber, NO_SYNC);
	raw_unlock(&lock);
}

/* Threads. */

void *variables_thread_created(void)
{
	if (!variables_testing || fibers_busy)
		return NULL;
	const void *frame = innermost_frame();
	granules_renumber();
	fibers_syncs++;
	fibers_enter();
	if (frame)
		tell_calls(frame);
	void *fiber = fibers_tsan.create_fiber(0);
	fibers_leave();
	return fiber;
}

void variables_thread_not_created(void *fiber)
{
	if (fiber)
		fibers_tsan.destroy_fiber(fiber);
}

void variables_thread_started(void *fiber)
{
	if (!variables_live)
		return;
	granules_renumber();
	if (!fiber)
		return;
	real_fiber = fibers_tsan.current_fiber();
	python_fiber = fiber;
	told_depth = 0;
	__atomic_fetch_add(&living, 1, __ATOMIC_RELAXED);
	own_number = (uint16_t)__atomic_add_fetch(&started, 1, __ATOMIC_RELAXED);
	fibers_enter();
	number_fiber(own_number);
	fibers_leave();
}

void variables_thread_ended(void)
{
	void *fiber = python_fiber;
	confirm_cancel();
	if (own_number)
		__atomic_fetch_sub(&living, 1, __ATOMIC_RELAXED);
	fibers_busy = true;
	python_fiber = NULL;
	if (fiber)
		fibers_tsan.destroy_fiber(fiber);
}

/* Life. */

bool fibers_find_tsan(void)
{
	static const char *const names[] = {
		"__tsan_get_current_fiber",
		"__tsan_create_fiber",
		"__tsan_destroy_fiber",
		"__tsan_switch_to_fiber",
		"__tsan_acquire",
		"__tsan_release",
		"__tsan_func_entry",
		"__tsan_func_exit",
		"__tsan_read8_pc",
		"__tsan_write8_pc",
		"__tsan_atomic64_store",
		"malloc",
		"free",
		"__tsan_get_alloc_stack",
	};
	_Static_assert(sizeof fibers_tsan == sizeof names, "an array of addresses");
	void **functions = (void **)&fibers_tsan;
	for (unsigned i = 0; i < sizeof names / sizeof *names; i++)
		if (!(functions[i] = symbol_next(names[i])))
			return false;
	return true;
}

void fibers_start(const char *tstate)
{
	const char *base;
	__asm__("movq %%fs:0, %0" : "=r"(base));
	tstate_offset = tstate - base;
}
