"""A loop goes over a copy, which is made as a whole; or both sides hold a lock."""

import threading
from collections import deque

jobs, locked = deque(range(50)), deque(range(50))
lock = threading.Lock()


def stress(thread_index):
    for number in range(40):
        if thread_index:
            jobs.append(number)
            with lock:
                locked.append(number)
        else:
            sum(1 for _ in jobs.copy())
            with lock:
                sum(1 for _ in locked)
