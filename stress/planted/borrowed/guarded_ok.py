"""Who borrows and who changes the dict hold a lock of the extension."""

import planted

shared = {"key": [0]}


def stress(thread_index):
    for number in range(20):
        if thread_index % 2:
            planted.guarded_set(shared, "key")
        else:
            planted.guarded_ok(shared, "key")
