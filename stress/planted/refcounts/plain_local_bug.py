"""The owner's count is written plainly by a thread that is not the owner."""

import planted

shared = [object()]


def stress(thread_index):
    if thread_index == 0:
        planted.plain_local_bug(shared)
    else:
        kept = shared
        del kept
