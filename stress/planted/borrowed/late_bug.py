"""It is borrowed under the lock of the dict, and used when that is given back."""

import planted

shared = {"key": [0]}


def stress(thread_index):
    for number in range(20):
        shared["key"] = [number]
        planted.late_bug(shared, "key")
