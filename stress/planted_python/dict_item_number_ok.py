"""The same under a lock."""

import threading

counts = {7: 0}
lock = threading.Lock()


def stress(thread_index):
    for _ in range(50):
        with lock:
            counts[7] += 1
