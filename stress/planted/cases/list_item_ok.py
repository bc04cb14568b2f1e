"""PyList_GetItemRef of a shared list."""

import planted

shared = [0] * 50
meeting = planted.Meeting()


def write():
    for number in range(3000):
        shared[number % 50] = number % 250


def stress(thread_index):
    if thread_index == 0:
        meeting.run(write)
    else:
        meeting.run(planted.sum_items_ok, shared, 100)
