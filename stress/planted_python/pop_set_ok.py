"""The same under a lock."""

import threading

jobs = set(range(2000))
lock = threading.Lock()


def stress(thread_index):
    for _ in range(50):
        with lock:
            if len(jobs) > 0:
                jobs.pop()
