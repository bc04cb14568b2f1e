"""The same under a lock."""

import threading

total = 0.0
lock = threading.Lock()


def stress(thread_index):
    global total
    for _ in range(50):
        with lock:
            total = total + 0.5
