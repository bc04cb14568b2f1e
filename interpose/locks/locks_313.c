/* locks_313.c - CPython 3.13: cpython/pystate.h, pycore_frame.h, Modules/_threadmodule.c. */
#include "interpose/locks/locks.h"

enum { CODE_BYTECODE = 216 };

static uint64_t bytecode(const void *code, const void *frame)
{
	(void)frame;
	return (uint64_t)code + CODE_BYTECODE;
}

const struct locks_version locks_313 = {
	.stacks = &stacks_313,
	.tstate_state = 40,
	.frame_owner = 70,
	.rlock_size = 64,
	.semaphores = true,
	.bytecode = bytecode,
};
