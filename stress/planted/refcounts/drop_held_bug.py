"""A function drops a reference that it has not taken; others have the object, so it lives on."""

import planted

shared = [1, 2, 3]
others = [shared] * 100


def stress(thread_index):
    planted.look_at_bug(shared)
