"""A function of C that calls itself until the stack ends."""

import planted


def stress(thread_index):
    planted.recurse_bug(10**8)
