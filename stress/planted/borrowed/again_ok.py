"""What is there is got again, with a reference."""

import planted

shared = {"key": [0]}


def stress(thread_index):
    for number in range(20):
        if thread_index % 2:
            shared["key"] = [number]
        else:
            planted.again_ok(shared, "key")
