"""A function drops a reference that it has taken, to an object that others have."""

import planted

shared = [1, 2, 3]
others = [shared] * 100


def stress(thread_index):
    planted.look_at_ok(shared)
