"""PyMem_Free() of what is inside of a block."""

import planted


def stress(thread_index):
    planted.free_inside_bug()
