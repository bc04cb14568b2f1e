"""The same under a lock."""

import threading

totals = [0, 0]
lock = threading.Lock()


def stress(thread_index):
    for _ in range(50):
        with lock:
            totals[1] += 1
