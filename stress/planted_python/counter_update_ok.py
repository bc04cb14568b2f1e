"""Words are counted under a lock."""

import threading
from collections import Counter

counts = Counter()
lock = threading.Lock()


def stress(thread_index):
    for _ in range(50):
        with lock:
            counts.update(["a", "b", "a"])
