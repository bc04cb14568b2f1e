"""Made under a lock, counted in under its own."""

import threading


class Statistics:
    def __init__(self):
        self.hits = 0
        self.lock = threading.Lock()


current = None
lock = threading.Lock()


def stress(thread_index):
    global current
    with lock:
        if current is None:
            current = Statistics()
        mine = current
    with mine.lock:
        mine.hits += 1
