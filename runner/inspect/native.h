/*
 * native.h - the native stack of a stopped thread.
 *
 * libunwind unwinds it from given registers, with the memory and the unwind tables of the process.
 * No names are looked up here: a frame is a program counter. Not thread-safe.
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
	bool exact; /* pc is the instruction that runs or faulted; false: it is a return address */
};

struct native;

/*
 * To unwind the threads of one process. `remote` has to live longer. NULL if libunwind can't start.
 */
struct native *native_open(struct remote *remote);
void native_close(struct native *native);

/*
 * Unwinds a thread that has these registers. *frames, *count: innermost first, valid until the next
 * call. True if it came to the thread's start.
 */
bool native_unwind(struct native *native, const struct user_regs_struct *registers,
		   const struct native_frame **frames, size_t *count);

#endif
