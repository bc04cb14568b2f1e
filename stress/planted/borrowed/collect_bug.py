"""What a dict lets go is given to a function that takes a reference."""

import planted

shared = {"key": [0]}


def stress(thread_index):
    for number in range(20):
        if thread_index % 2:
            shared["key"] = [number]
        else:
            planted.collect_bug(shared, "key")
