"""A call drops the reference of its caller."""

import planted

shared = [bytes(300 + number) for number in range(4)]


def stress(thread_index):
    if thread_index == 0:
        for item in shared:
            planted.look_at_bug(item)
        shared.clear()
