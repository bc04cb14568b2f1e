"""Who borrows and who changes the dict hold a lock of the extension."""

import planted

shared = {"key": [0]}


def stress(thread_index):
    for _ in range(20):
        planted.guarded_set(shared, "key")
        planted.guarded_ok(shared, "key")
