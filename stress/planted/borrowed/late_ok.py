"""It is borrowed and used under the lock of the dict."""

import planted

shared = {"key": [0]}


def stress(thread_index):
    for number in range(20):
        shared["key"] = [number]
        planted.late_ok(shared, "key")
