"""PyList_GET_ITEM of a shared list."""

import planted

shared = [0] * 50
meeting = planted.Meeting()


def stress(thread_index):
    if thread_index == 0:
        meeting.run(planted.set_items, shared, 500)
    else:
        meeting.run(planted.sum_items_bug, shared, 20)
