/*
 * native.h - the native stack of a stopped thread.
 *
 * Unwound from the registers given, through libunwind, with the memory and the unwind tables of
 * the process. Names are not looked up here: a frame is a program counter. Not thread-safe.
 */
#ifndef RUNNER_NATIVE_H
#define RUNNER_NATIVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/user.h>

#include "runner/inspect/remote.h"

struct native_frame {
	uint64_t pc, sp;
	bool exact; /* the instruction that runs or faulted; else a return address */
};

struct native;

/* For the threads of one process; `remote` is borrowed. NULL if libunwind can't start. */
struct native *native_open(struct remote *remote);
void native_close(struct native *native);

/*
 * Unwinds a thread that stands at `registers`. *frames, *count: innermost first, valid until the
 * next call. Returns whether it came to the thread's start.
 */
bool native_unwind(struct native *native, const struct user_regs_struct *registers,
		   const struct native_frame **frames, size_t *count);

#endif
