"""PyMem_RawFree() of a block of PyMem_Malloc()."""

import planted


def stress(thread_index):
    planted.free_memory_as_raw_bug()
