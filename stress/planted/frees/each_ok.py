"""Each block goes back where it came from, also one that could not grow."""

import planted


def stress(thread_index):
    planted.free_each_ok()
