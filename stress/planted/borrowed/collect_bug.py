"""What a dict lets go is given to a function that takes a reference."""

import planted

shared = {"key": [0]}


def stress(thread_index):
    for number in range(20):
        shared["key"] = [number]
        planted.collect_bug(shared, "key")
