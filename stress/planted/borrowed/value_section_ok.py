"""It is borrowed, and a reference is taken, under the lock of the dict."""

import planted

shared = {"key": [0]}


def stress(thread_index):
    for number in range(20):
        shared["key"] = [number]
        planted.value_section_ok(shared, "key")
