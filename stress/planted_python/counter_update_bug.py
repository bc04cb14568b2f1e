"""Words are counted without a lock, in one call of C for all of them."""

from collections import Counter

counts = Counter()


def stress(thread_index):
    for _ in range(50):
        counts.update(["a", "b", "a"])
