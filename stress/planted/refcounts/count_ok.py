"""The same as it is meant."""

import planted

shared = [object()]


def stress(thread_index):
    if thread_index == 0:
        planted.count_ok(shared)
