"""What a dict lets go is used by who has borrowed it."""

import planted

shared = {"key": [0]}


def stress(thread_index):
    for number in range(20):
        if thread_index % 2:
            shared["key"] = [number]
        else:
            planted.value_bug(shared, "key")
