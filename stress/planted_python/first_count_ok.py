"""The same under a lock."""

import threading

counts = {}
lock = threading.Lock()


def stress(thread_index):
    for _ in range(50):
        with lock:
            counts["a"] = counts.get("a", 0) + 1
