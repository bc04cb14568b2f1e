"""The same under a lock."""

import threading

workers = []
lock = threading.Lock()


def stress(thread_index):
    for _ in range(50):
        with lock:
            if not workers:
                workers.append(thread_index)
