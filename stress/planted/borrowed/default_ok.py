"""PyDict_SetDefaultRef() does not borrow."""

import planted

shared = {}


def stress(thread_index):
    for _ in range(20):
        shared.pop("key", None)
        planted.default_ok(shared, "key")
        planted.default_ok(shared, "key")
