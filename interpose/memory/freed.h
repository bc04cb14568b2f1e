/*
 * freed.h - tells ThreadSanitizer of each block of Python's heap when it is freed.
 *
 * ThreadSanitizer knows nothing of CPython's mimalloc: what uses a block that another thread frees is
 * a race only if it meets the words that the allocator writes into free blocks. So a free is told as a
 * write of the whole block, by the thread that frees it, just before. It is told when the block really
 * goes back: what CPython keeps for readers without a lock (_PyMem_FreeDelayed) is freed later, when
 * nobody may have it any more.
 *
 *     |  header of an object: who looks at it (_Py_TryIncref) may come late  |  the rest: told  |
 *
 * Order comes of it as little as of any write.
 */
#ifndef INTERPOSE_FREED_H
#define INTERPOSE_FREED_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Is it the program counter of such a write, in a report? Then it is one in the function that freed
 * (PyMem_Free), to be shown; else 0.
 */
uint64_t freed_by(uint64_t pc);

/* From here on freed blocks go to quarantine.h, and what PyMem_Realloc() moves does, too. */
void freed_keep(void);

#endif
