"""A defaultdict of counters."""

import collections

counts = collections.defaultdict(int, a=0, b=0)


def stress(thread_index):
    for _ in range(50):
        counts["b"] += 1
