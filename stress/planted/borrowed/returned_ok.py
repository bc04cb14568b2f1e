"""A function that has borrowed and returned borrows no more."""

import planted

shared = {"key": [0]}


def stress(thread_index):
    for number in range(20):
        shared["key"] = [number]
        planted.returned_ok(shared, "key")
