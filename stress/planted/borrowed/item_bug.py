"""What a list lets go is used by who has borrowed it."""

import planted

shared = [[0]]


def stress(thread_index):
    for number in range(20):
        shared[0] = [number]
        planted.item_bug(shared, 0)
