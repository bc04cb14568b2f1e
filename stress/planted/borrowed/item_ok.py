"""It is got with a reference."""

import planted

shared = [[0]]


def stress(thread_index):
    for number in range(20):
        if thread_index % 2:
            shared[0] = [number]
        else:
            planted.item_ok(shared, 0)
