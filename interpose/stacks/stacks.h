/*
 * stacks.h - Python frames in ThreadSanitizer's own history.
 *
 * TSan records, for each thread, function entries and accesses by their program counter. All that
 * the interpreter's loop does, it does for some Python instruction. So there the program counter is
 * replaced by one that names code object and instruction (record.h, FTS_PC_PYTHON):
 *
 *   C                              what TSan is told
 *   evaluate() [ours, PEP 523]     function entry, marker: the code object, instruction 0xffff
 *     _PyEval_EvalFrameDefault     access at  code object, instruction
 *       list_append                function entry from  code object, instruction
 *
 * so that both sides of a race, and a thread's creation, come with Python frames and lines.
 * Accesses to memory that only this thread has (its Python stack, the code object that runs) keep
 * their native program counter, which is cheaper.
 */
#ifndef INTERPOSE_STACKS_H
#define INTERPOSE_STACKS_H

#include <stdbool.h>
#include <stdint.h>

/* Shared with the assembly entry points and frames.c. */
typedef void tsan_access(void *address);
typedef void tsan_access_pc(void *address, void *pc);
extern uintptr_t stacks_eval_low, stacks_eval_size;
extern tsan_access_pc *stacks_read_pc[5], *stacks_write_pc[5];
extern tsan_access *stacks_real_read[5], *stacks_real_write[5]; /* in stacks_entry.S */
extern void (*stacks_real_func_entry)(void *pc);
/* What the eval loop's own accesses come to, as a jump: stacks_loop_read and _write, or another's. */
extern tsan_access_pc *stacks_named_read[5], *stacks_named_write[5];
extern void *(*stacks_eval_default)(void *tstate, void *frame, int throw_flag);
/* frames.c: entered from the eval loop only; index: 0..4 for 1, 2, 4, 8, 16 bytes. */
extern tsan_access_pc *const stacks_loop_read[5], *const stacks_loop_write[5];
/* The eval hook, for _PyInterpreterState_SetEvalFrameFunc. */
void *stacks_evaluate(void *tstate, void *frame, int throw_flag);
/* Calls stacks_eval_default; its return address is where the eval loop is entered from. */
void *stacks_call_eval(void *tstate, void *frame, int throw_flag);
/* Return address of that call in the eval hook: the loop's own entry is told as the marker. */
extern uintptr_t stacks_eval_return;

#endif
