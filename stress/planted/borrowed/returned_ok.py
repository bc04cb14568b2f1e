"""A function that has borrowed and returned borrows no more."""

import planted

shared = {"key": [0]}


def stress(thread_index):
    for number in range(20):
        if thread_index % 2:
            shared["key"] = [number]
        else:
            planted.returned_ok(shared, "key")
