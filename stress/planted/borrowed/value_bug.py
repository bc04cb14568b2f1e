"""What a dict lets go is used by who has borrowed it."""

import planted

shared = {"key": [0]}


def stress(thread_index):
    for number in range(20):
        shared["key"] = [number]
        planted.value_bug(shared, "key")
