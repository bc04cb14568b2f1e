"""PyMem_Free() of a block of PyObject_Malloc()."""

import planted


def stress(thread_index):
    planted.free_object_as_memory_bug()
