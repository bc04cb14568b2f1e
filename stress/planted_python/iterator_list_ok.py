"""With a lock around each next(); and an iterator for each thread."""

import threading

items = list(range(400))
jobs = iter(items)
lock = threading.Lock()


def stress(thread_index):
    own = iter(items)
    for _ in range(20):
        with lock:
            next(jobs, None)
        next(own)
    for index, item in enumerate(items):
        assert index == item
