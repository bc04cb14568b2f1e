"""Code of an extension writes to the count of True, which is immortal, in static storage."""

import planted


def stress(thread_index):
    planted.plain_true_bug()
