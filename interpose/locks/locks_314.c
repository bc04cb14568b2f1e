/* locks_314.c - CPython 3.14: cpython/pystate.h, pycore_interpframe_structs.h, pycore_lock.h. */
#include "interpose/locks/locks.h"

#include "interpose/python/layout.h"

enum { FRAME_TLBC_INDEX = 72, CODE_TLBC = 224 };

static uint64_t bytecode(const void *code, const void *frame)
{
	const void *copies = load_pointer(code, CODE_TLBC); /* one for each thread */
	return load64(copies, 8 + 8 * (long)load32(frame, FRAME_TLBC_INDEX));
}

const struct locks_version locks_314 = {
	.stacks = &stacks_314,
	.tstate_state = 44,
	.frame_owner = 78,
	.rlock_size = 56,
	.bytecode = bytecode,
};
