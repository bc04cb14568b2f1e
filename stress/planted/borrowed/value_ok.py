"""It is got with a reference."""

import planted

shared = {"key": [0]}


def stress(thread_index):
    for number in range(20):
        shared["key"] = [number]
        planted.value_ok(shared, "key")
