"""The same under a lock."""

import collections
import threading

counts = collections.defaultdict(int, a=0, b=0)
lock = threading.Lock()


def stress(thread_index):
    for _ in range(50):
        with lock:
            counts["b"] += 1
