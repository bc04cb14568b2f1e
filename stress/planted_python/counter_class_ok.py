"""The same under a lock."""

import collections
import threading

seen = collections.Counter(a=0)
lock = threading.Lock()


def stress(thread_index):
    for _ in range(50):
        with lock:
            seen["a"] += 1
