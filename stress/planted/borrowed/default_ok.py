"""PyDict_SetDefaultRef() does not borrow."""

import planted

shared = {}


def stress(thread_index):
    for number in range(20):
        if thread_index % 2:
            shared.pop("key", None)
        else:
            planted.default_ok(shared, "key")
