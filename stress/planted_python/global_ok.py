"""The same under a lock."""

import threading

counter = 0
lock = threading.Lock()


def stress(thread_index):
    global counter
    for _ in range(50):
        with lock:
            counter += 1
