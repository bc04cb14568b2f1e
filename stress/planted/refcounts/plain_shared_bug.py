"""The count of those who do not own an object is written plainly by one of them."""

import planted

shared = [object()]


def stress(thread_index):
    kept = [shared] * 3
    if thread_index == 0:
        planted.plain_shared_bug(shared)
    del kept
