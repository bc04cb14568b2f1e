"""collections.Counter is no counter for threads."""

import collections

seen = collections.Counter(a=0)


def stress(thread_index):
    for _ in range(50):
        seen["a"] += 1
