"""The same under a lock."""

import collections
import threading

jobs = collections.deque(range(2000))
lock = threading.Lock()


def stress(thread_index):
    for _ in range(50):
        with lock:
            if jobs:
                jobs.popleft()
