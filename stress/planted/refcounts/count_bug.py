"""The owner's count is written by a thread that is not the owner."""

import planted

shared = [object()]


def stress(thread_index):
    if thread_index == 0:
        planted.count_bug(shared)
