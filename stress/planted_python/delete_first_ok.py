"""The same under a lock."""

import threading

jobs = list(range(3000))
lock = threading.Lock()


def stress(thread_index):
    for _ in range(200):
        with lock:
            if jobs:
                del jobs[0]
