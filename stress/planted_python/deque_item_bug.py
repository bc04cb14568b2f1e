"""An item of a deque by its index: read, add, write."""

from collections import deque

counts = deque([0, 0])


def stress(thread_index):
    for _ in range(100):
        counts[0] += 1
