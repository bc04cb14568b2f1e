"""The function is given what the caller has a reference to."""

import planted

shared = {"key": [0]}


def stress(thread_index):
    for number in range(20):
        shared["key"] = [number]
        planted.collect_ok(shared, "key")
