"""It is got with a reference."""

import planted

shared = [[0]]


def stress(thread_index):
    for number in range(20):
        shared[0] = [number]
        planted.item_ok(shared, 0)
