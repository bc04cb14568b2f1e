"""Whether a dict has a key is no use of what it has."""

import planted

shared = {"key": [0]}


def stress(thread_index):
    for number in range(20):
        shared["key"] = [number]
        planted.has_ok(shared, "key")
