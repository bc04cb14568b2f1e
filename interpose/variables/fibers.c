/* fibers.c - see fibers.h, and variables.h for what threads.c and edges.c call. */
#include "interpose/variables/fibers.h"

#include "ftstress/record.h"
#include "interpose/base/symbol.h"
#include "interpose/python/code.h"
#include "interpose/python/layout.h"
#include "interpose/python/release.h"
#include "interpose/variables/confirm.h"
#include "interpose/variables/granules.h"
#include "interpose/variables/scope.h"
#include "interpose/variables/variables.h"

#include <stddef.h>

enum {
	CALLS = 24,      /* of a stack, the innermost */
	WORDS = 1 << 16, /* for what orders: by a hash of its address */
	NO_SYNC = 1,     /* flag of a switch between fibers */
	/* cpython: Include/cpython/pystate.h, Include/internal/pycore_ceval.h */
	EVAL_BREAKER = TSTATE_INTERPRETER + 8,
	PLEASE_STOP = 1 << 5,
};

HIDDEN struct fibers_tsan fibers_tsan;
static long tstate_offset;
static char words[8 * WORDS];

HIDDEN __thread __attribute__((tls_model("initial-exec"))) bool fibers_busy;
HIDDEN __thread __attribute__((tls_model("initial-exec"))) uint32_t fibers_syncs;

#define THREAD_LOCAL static __thread __attribute__((tls_model("initial-exec")))
THREAD_LOCAL void *real_fiber, *python_fiber;
THREAD_LOCAL struct call told[CALLS]; /* outermost first */
THREAD_LOCAL unsigned told_depth;     /* of these TSan has been told to be entered */

void fibers_enter(void)
{
	fibers_busy = true;
	if (UNLIKELY(!python_fiber)) {
		real_fiber = fibers_tsan.current_fiber();
		python_fiber = fibers_tsan.create_fiber(0);
		told_depth = 0;
	}
	fibers_tsan.switch_to(python_fiber, NO_SYNC);
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
	return tstate && load64(tstate, EVAL_BREAKER) & PLEASE_STOP;
}

/* The frame, or the next one outside, that runs Python code. */
static const void *python_frame_of(const void *frame)
{
	while (frame && *((const uint8_t *)frame + python_release->at->frame_owner.at) >=
				python_release->entry_owner)
		frame = load_pointer(frame, FRAME_PREVIOUS);
	return frame;
}

const void *innermost_frame(void)
{
	const char *tstate = thread_state();
	return tstate ? python_frame_of(load_pointer(tstate, TSTATE_CURRENT_FRAME)) : NULL;
}

static const void *code_of(const void *frame)
{
	return (const void *)(load64(frame, FRAME_EXECUTABLE) & ~1ull);
}

static uint64_t pc_of(const struct call *call, uint32_t id)
{
	uint64_t offset = call->instruction - python_release->bytecode(call->code, call->frame);
	uint64_t instruction = offset / 2 < FTS_PC_MARKER ? offset / 2 : FTS_PC_MARKER;
	return id ? FTS_PC_PYTHON | (uint64_t)id << 16 | instruction : 0;
}

struct call call_of(const void *frame)
{
	return (struct call){ .frame = frame,
			      .code = code_of(frame),
			      .instruction = load64(frame, FRAME_INSTR_PTR) };
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
	     frame = python_frame_of(load_pointer(frame, FRAME_PREVIOUS))) {
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
	const void *frame = python_frame_of(load_pointer(innermost, FRAME_PREVIOUS));
	for (; frame && depth < CALLS; depth++) {
		calls[depth] = call_of(frame);
		frame = python_frame_of(load_pointer(frame, FRAME_PREVIOUS));
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

/* Is it the lock of threading's list of threads? */
static bool is_thread_list(void)
{
	const void *frame = innermost_frame();
	if (!frame)
		return false;
	struct call call = call_of(frame);
	name_call(&call);
	return call.scope & SCOPE_THREAD_LIST;
}

void variables_lock_given(const void *lock)
{
	if (variables_testing && !fibers_busy && !is_thread_list())
		variables_release(lock);
}

void variables_lock_taken(const void *lock)
{
	if (variables_testing && !fibers_busy && !is_thread_list())
		variables_acquire(lock);
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
}

void variables_thread_ended(void)
{
	void *fiber = python_fiber;
	confirm_cancel();
	fibers_busy = true;
	python_fiber = NULL;
	if (fiber)
		fibers_tsan.destroy_fiber(fiber);
}

/* Life. */

bool fibers_find_tsan(void)
{
	static const char *const names[] = {
		"__tsan_get_current_fiber", "__tsan_create_fiber",   "__tsan_destroy_fiber",
		"__tsan_switch_to_fiber",   "__tsan_acquire",        "__tsan_release",
		"__tsan_func_entry",        "__tsan_func_exit",      "__tsan_read8_pc",
		"__tsan_write8_pc",         "__tsan_atomic64_store",
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
