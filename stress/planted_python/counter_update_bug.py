"""Words are counted without a lock, in one call of C for all of them.

Few of them: the C function has a count's object without a reference of its own, and another thread
frees it, if it is above 256. That is another bug, in CPython.
"""

from collections import Counter

counts = Counter()


def stress(thread_index):
    for _ in range(10):
        counts.update(["a", "b", "a"])
