"""Each thread has an item of its own; what both change is changed under a lock."""

import threading
from collections import deque

counts = deque([0] * 9)
lock = threading.Lock()


def stress(thread_index):
    for _ in range(100):
        counts[thread_index] += 1
        with lock:
            counts[-1] += 1
