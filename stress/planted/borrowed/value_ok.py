"""It is got with a reference."""

import planted

shared = {"key": [0]}


def stress(thread_index):
    for number in range(20):
        if thread_index % 2:
            shared["key"] = [number]
        else:
            planted.value_ok(shared, "key")
