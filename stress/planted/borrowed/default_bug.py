"""PyDict_SetDefault() borrows, and another thread takes the key away."""

import planted

shared = {}


def stress(thread_index):
    for _ in range(20):
        shared.pop("key", None)
        planted.default_bug(shared, "key")
        planted.default_bug(shared, "key")
