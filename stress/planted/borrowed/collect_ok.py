"""The function is given what the caller has a reference to."""

import planted

shared = {"key": [0]}


def stress(thread_index):
    for number in range(20):
        if thread_index % 2:
            shared["key"] = [number]
        else:
            planted.collect_ok(shared, "key")
