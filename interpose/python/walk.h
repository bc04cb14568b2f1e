/*
 * walk.h - the stack of the calling thread, C and Python frames mixed.
 *
 * By frame pointers, which CPython and what ftstress builds have. Where the chain comes through the
 * eval loop, the Python frames stand that this loop runs; frames of this library are left out. Calls
 * nothing in CPython, takes no lock but that of code ids. Once python_known().
 */
#ifndef INTERPOSE_WALK_H
#define INTERPOSE_WALK_H

#include "interpose/base/raw.h"
#include "interpose/python/layout.h"

#include <stdbool.h>
#include <stdint.h>

/* A range of code, and an address in it. */
struct walk_range {
	uintptr_t at, low, size;
};
/* The executable segment that the address is in; size 0: in none. */
HIDDEN struct walk_range walk_range_of(uintptr_t at);

/* Where _PyEval_EvalFrameDefault() is. To be called once, in the one thread. */
HIDDEN void walk_start(uintptr_t eval_low, uintptr_t eval_size);

struct walked {
	uint64_t pc, fp; /* fp: of the function that pc lies in */
	uint64_t frame;  /* the Python frame, 0 = native */
};
/* Innermost first; returns how many. `hook`: __builtin_frame_address(0) of a function of ours. */
HIDDEN unsigned walk_stack(const void *hook, struct walked *out, unsigned room);

/* Of a Python frame: what it runs, as far as it is code; where it is, as FTS_PC_PYTHON, 0 = not known. */
HIDDEN const char *walk_code(const void *frame);
HIDDEN bool walk_is_code(const char *code);
HIDDEN bool walk_is_entry(const void *frame); /* it only marks where an eval loop begins */
HIDDEN uint64_t walk_position(const void *frame, uint64_t instruction);

/* Where a Python frame and those that called it are, innermost first; returns how many. */
HIDDEN unsigned walk_callers(const void *frame, uint64_t *positions, unsigned room);

/* Where the instructions begin that the frame runs. Inlined, so that who calls it is a leaf. */
static inline uint64_t python_bytecode(const void *code, const void *frame)
{
	if (python_at.code_tlbc == FTS_LAYOUT_NONE)
		return (uint64_t)code + python_at.code_bytecode;
	const char *copies = load_pointer(code, python_at.code_tlbc); /* one for each thread */
	return load64(copies,
		      python_at.tlbc_entries + 8 * (long)load32(frame, python_at.frame_tlbc_index));
}

/* These two are stacks/frames.c's. */
/* The same address, or what stands for it in Python's code (FTS_PC_PYTHON). */
HIDDEN uint64_t python_pc(uint64_t native_pc);
/* The thread state of the innermost eval loop on this thread's stack, attached or not. */
HIDDEN void *python_running(void);

#endif
