"""The same under a lock."""

import threading

jobs = list(range(2000))
lock = threading.Lock()


def stress(thread_index):
    for _ in range(50):
        with lock:
            if jobs:
                jobs.pop()
