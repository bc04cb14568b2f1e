/*
 * stacks_template.h - the part of stacks.c that reads CPython's structures, compiled once for each
 * release, so that its offsets are constants in the code of each access. The including file
 * (interpose/releases/) has the table `at`, which must be a static const for that, and
 * FRAME_TAG_BITS; it puts STACKS_OF_RELEASE into its struct python_release.
 */
#include "interpose/memory/borrowed.h"
#include "interpose/python/code.h"
#include "ftstress/record.h"
#include "interpose/python/layout.h"
#include "interpose/python/release.h"
#include "interpose/base/raw.h"
#include "interpose/order/sections.h"
#include "interpose/stacks/stacks.h"
#include "interpose/turns/turns.h"

#include <stddef.h>

/* What the innermost Python frame of a thread is; kept by evaluate(), which knows. */
struct activation {
	void *tstate;
	void *frame;
	const char *code;
	uint64_t code_size; /* of the code object with its bytecode */
	uint64_t marker;    /* FTS_PC_PYTHON | id << 16 */
	uintptr_t bytecode;
};

static __thread struct activation now __attribute__((tls_model("initial-exec")));

/* The code object of a frame. */
static inline const char *frame_code(const void *frame)
{
	return (const char *)(load64(frame, at.frame_executable.at) & ~(uint64_t)FRAME_TAG_BITS);
}

static inline uintptr_t frame_bytecode(const void *frame, const char *code)
{
	if (!at.code_tlbc.at)
		return (uintptr_t)code + at.code_bytecode.at;
	const void *copies = load_pointer(code, at.code_tlbc.at); /* one for each thread */
	return load64(copies, 8 + 8 * (long)load32(frame, at.frame_tlbc_index.at));
}

static uint64_t bytecode(const void *code, const void *frame)
{
	return frame_bytecode(frame, code);
}

/* Equals no frame, nor the NULL that a thread has between two: the code object has no id. */
#define NO_FRAME ((void *)1)

/* Is the thread inside the frame that evaluate() entered last, not between frames? */
static inline bool in_frame(void)
{
	return now.tstate && load_pointer(now.tstate, at.tstate_current_frame.at) == now.frame;
}

static inline uint64_t position(void)
{
	uintptr_t instruction_at = load64(now.frame, at.frame_instr_ptr.at);
	uintptr_t offset = instruction_at - now.bytecode;
	if (UNLIKELY(offset >= now.code_size)) {
		/* A thread may get its own copy of the bytecode when a frame starts to run. */
		now.bytecode = frame_bytecode(now.frame, now.code);
		offset = instruction_at - now.bytecode;
		if (offset >= now.code_size)
			return now.marker | FTS_PC_MARKER;
	}
	uint64_t instruction = offset / 2;
	if (instruction > FTS_PC_MARKER)
		instruction = FTS_PC_MARKER;
	return now.marker | instruction;
}

static uint64_t python_pc(uint64_t native_pc)
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
	uintptr_t chunk = load64(now.tstate, at.tstate_datastack_chunk.at);
	uintptr_t limit = load64(now.tstate, at.tstate_datastack_limit.at);
	/* Of the thread state what the eval loop uses, which datastack_limit ends. */
	return within(address, chunk, limit - chunk) ||
	       within(address, now.bytecode, now.code_size) ||
	       within(address, (uintptr_t)now.tstate, at.tstate_datastack_limit.at + 8);
}

#define READ(index)                                                                                \
	static void read_##index(void *address, void *pc)                                          \
	{                                                                                          \
		(void)pc;                                                                          \
		if (LIKELY(now.tstate) && is_own(address))                                         \
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
static __attribute__((noinline)) void *call_eval(void *tstate, void *frame, int throw_flag)
{
	void *result = stacks_eval_default(tstate, frame, throw_flag);
	__asm__ volatile("" : "+r"(result));
	return result;
}

static void *evaluate(void *tstate, void *frame, int throw_flag)
{
	sections_python_begins();
	borrowed_python_begins();
	struct activation outer = now;
	const char *code = frame_code(frame);
	uint32_t id = code_id(code);
	now.tstate = tstate;
	now.frame = id ? frame : NO_FRAME;
	now.code = code;
	now.code_size = at.code_bytecode.at + 2 * load64(code, at.bytes_size.at);
	now.marker = id ? FTS_PC_PYTHON | (uint64_t)id << 16 : 0;
	now.bytecode = frame_bytecode(frame, code);
	void *result = call_eval(tstate, frame, throw_flag);
	now = outer;
	turns_called();
	return result;
}

static void *running(void)
{
	return now.tstate;
}

#define STACKS_OF_RELEASE                                                                          \
	.bytecode = bytecode, .evaluate = evaluate, .call_eval = call_eval,                        \
	.python_pc = python_pc, .running = running,                                                \
	.read = { read_0, read_1, read_2, read_3, read_4 },                                        \
	.write = { write_0, write_1, write_2, write_3, write_4 }
