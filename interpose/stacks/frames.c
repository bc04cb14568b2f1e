/*
 * frames.c - the part of stacks.h that reads CPython's structures: which instruction the thread runs.
 *
 * Entered for each access of the eval loop. So what a frame's own layout says is looked up once, when
 * the frame begins.
 */
#include "ftstress/record.h"
#include "interpose/base/raw.h"
#include "interpose/memory/borrowed.h"
#include "interpose/order/sections.h"
#include "interpose/python/code.h"
#include "interpose/python/layout.h"
#include "interpose/python/walk.h"
#include "interpose/stacks/stacks.h"
#include "interpose/turns/turns.h"

#include <stddef.h>

/* Three members of the thread state that are told as one behind the other; stacks.c looks. */
struct data_stack {
	uintptr_t chunk, top, limit;
};

/* What the innermost Python frame of a thread is; kept by stacks_evaluate(), which knows. */
struct activation {
	void *tstate;
	uint64_t tstate_bytes; /* what the eval loop uses of it: up to the end of `stack` */
	void *const *current;  /* the thread state's innermost frame; NULL: no Python code runs */
	const struct data_stack *stack; /* the thread state's; NULL: no Python code runs */
	void *frame;
	const uint64_t *instruction; /* the frame's */
	const char *code;
	uint64_t code_size; /* of the code object with its bytecode */
	uint64_t marker;    /* FTS_PC_PYTHON | id << 16 */
	uintptr_t bytecode;
};

static __thread struct activation now __attribute__((tls_model("initial-exec")));

/* Equals no frame, nor the NULL that a thread has between two: the code object has no id. */
#define NO_FRAME ((void *)1)

/* Is the thread inside the frame that evaluate() entered last, not between frames? */
static inline bool in_frame(void)
{
	return now.current && *now.current == now.frame;
}

static inline uint64_t position(void)
{
	uintptr_t instruction_at = *now.instruction;
	uintptr_t offset = instruction_at - now.bytecode;
	if (UNLIKELY(offset >= now.code_size)) {
		/* A thread may get its own copy of the bytecode when a frame starts to run. */
		now.bytecode = python_bytecode(now.code, now.frame);
		offset = instruction_at - now.bytecode;
		if (offset >= now.code_size)
			return now.marker | FTS_PC_MARKER;
	}
	uint64_t instruction = offset / 2;
	if (instruction > FTS_PC_MARKER)
		instruction = FTS_PC_MARKER;
	return now.marker | instruction;
}

uint64_t python_pc(uint64_t native_pc)
{
	if (native_pc == stacks_eval_return)
		return now.marker ? now.marker | FTS_PC_MARKER : native_pc;
	return in_frame() ? position() : native_pc;
}

static inline bool within(const void *address, uintptr_t low, uintptr_t size)
{
	return (uintptr_t)address - low < size;
}

/*
 * Memory that is this thread's own: its Python stack, its thread state, the bytecode that it runs.
 *
 * Its own reads there are not told to TSan: what they could race with is a write by another thread,
 * and such a write races with the owner's writes too, which are told. They are half of all
 * accesses of the loop.
 */
static inline bool is_own(const void *address)
{
	return within(address, now.stack->chunk, now.stack->limit - now.stack->chunk) ||
	       within(address, now.bytecode, now.code_size) ||
	       within(address, (uintptr_t)now.tstate, now.tstate_bytes);
}

#define READ(index)                                                                                \
	static void read_##index(void *address, void *pc)                                          \
	{                                                                                          \
		(void)pc;                                                                          \
		if (LIKELY(now.stack) && is_own(address))                                          \
			return;                                                                    \
		if (in_frame())                                                                    \
			stacks_read_pc[index](address, (void *)position());                        \
		else                                                                               \
			stacks_real_read[index](address); /* a jump, see WRITE */                  \
	}
#define WRITE(index)                                                                               \
	static void write_##index(void *address, void *pc)                                         \
	{                                                                                          \
		if (!in_frame() || is_own(address)) {                                              \
			stacks_real_write[index](                                                  \
				address); /* a jump: the caller stays its caller */                \
			return;                                                                    \
		}                                                                                  \
		(void)pc;                                                                          \
		stacks_write_pc[index](address, (void *)position());                               \
	}
READ(0)
READ(1)
READ(2)
READ(3)
READ(4)
WRITE(0)
WRITE(1)
WRITE(2)
WRITE(3)
WRITE(4)

/*
 * The one place that calls the eval loop, so that its return address is known (stacks_eval_return).
 * The barrier keeps the compiler from making it a tail call.
 */
__attribute__((noinline)) void *stacks_call_eval(void *tstate, void *frame, int throw_flag)
{
	void *result = stacks_eval_default(tstate, frame, throw_flag);
	__asm__ volatile("" : "+r"(result));
	return result;
}

void *stacks_evaluate(void *tstate, void *frame, int throw_flag)
{
	sections_python_begins();
	borrowed_python_begins();
	struct activation outer = now;
	const char *code = walk_code(frame);
	uint32_t id = code_id(code);
	now.tstate = tstate;
	now.tstate_bytes = python_at.tstate_datastack_chunk + sizeof *now.stack;
	now.stack = (const struct data_stack *)((char *)tstate + python_at.tstate_datastack_chunk);
	now.current = (void *const *)((char *)tstate + python_at.tstate_current_frame);
	now.frame = id ? frame : NO_FRAME;
	now.instruction = (const uint64_t *)((char *)frame + python_at.frame_instr_ptr);
	now.code = code;
	now.code_size = python_at.code_bytecode + 2 * load64(code, python_at.size);
	now.marker = id ? FTS_PC_PYTHON | (uint64_t)id << 16 : 0;
	now.bytecode = python_bytecode(code, frame);
	void *result = stacks_call_eval(tstate, frame, throw_flag);
	now = outer;
	turns_called();
	return result;
}

void *python_running(void)
{
	return now.tstate;
}

tsan_access_pc *const stacks_loop_read[5] = { read_0, read_1, read_2, read_3, read_4 };
tsan_access_pc *const stacks_loop_write[5] = { write_0, write_1, write_2, write_3, write_4 };
