"""PyMem_Free() of a block of malloc()."""

import planted


def stress(thread_index):
    planted.free_malloc_as_memory_bug()
