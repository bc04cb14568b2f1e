"""Whether a dict has a key is no use of what it has."""

import planted

shared = {"key": [0]}


def stress(thread_index):
    for number in range(20):
        if thread_index % 2:
            shared["key"] = [number]
        else:
            planted.has_ok(shared, "key")
