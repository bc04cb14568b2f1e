"""A call only looks at what it is given."""

import planted

shared = [bytes(300 + number) for number in range(4)]


def stress(thread_index):
    if thread_index == 0:
        for item in shared:
            planted.look_at_ok(item)
        shared.clear()
