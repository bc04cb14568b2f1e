"""A function that fails drops what its caller drops, too: a list, the first in its free list."""

import planted


def stress(thread_index):
    planted.drop_failed_bug()
