"""Connections are taken out of a list and given back under a lock."""

import threading


class Pool:
    def __init__(self):
        self.lock = threading.Lock()
        self.free = [object() for _ in range(9)]

    def acquire(self):
        with self.lock:
            if self.free:
                return self.free.pop()
        return object()

    def release(self, connection):
        with self.lock:
            self.free.append(connection)


pool = Pool()


def stress(thread_index):
    for _ in range(20):
        pool.release(pool.acquire())
