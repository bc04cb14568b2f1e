"""Each method takes the lock, and who calls both holds none between the check and the act."""

import threading


class Pool:
    def __init__(self):
        self.lock = threading.RLock()
        self.jobs = list(range(200))

    def empty(self):
        with self.lock:
            return not self.jobs

    def take(self):
        with self.lock:
            return self.jobs.pop()


pool = Pool()


def stress(thread_index):
    for _ in range(40):
        if not pool.empty():
            pool.take()
