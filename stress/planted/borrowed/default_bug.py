"""PyDict_SetDefault() borrows, and another thread takes the key away."""

import planted

shared = {}


def stress(thread_index):
    for number in range(20):
        if thread_index % 2:
            shared.pop("key", None)
        else:
            planted.default_bug(shared, "key")
