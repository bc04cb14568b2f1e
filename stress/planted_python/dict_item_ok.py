"""The same under a lock."""

import threading

counts = {"a": 0}
lock = threading.Lock()


def stress(thread_index):
    for _ in range(50):
        with lock:
            counts["a"] += 1
