"""The same, under a lock."""

import threading


class Ring:
    def __init__(self):
        self.lock = threading.Lock()
        self.items = [None] * 8
        self.at = 0

    def put(self, item):
        with self.lock:
            self.items[self.at] = item
            self.at = (self.at + 1) % 8


ring = Ring()


def stress(thread_index):
    for item in range(50):
        ring.put(item)
