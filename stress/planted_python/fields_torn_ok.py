"""Under a lock; both values in one field; a flag that is stored last: the value is there."""

import threading


class Range:
    def __init__(self):
        self.lock = threading.Lock()
        self.low = 0
        self.high = 5
        self.both = 0, 5
        self.value = 0
        self.ready = 0

    def move(self, low):
        with self.lock:
            self.low = low
            self.high = low + 5
        self.both = low, low + 5
        self.value = low
        self.ready = 1

    def width(self):
        with self.lock:
            return self.high - self.low

    def pair(self):
        low, high = self.both
        return high - low

    def get(self):
        if self.ready:
            return self.value
        return 0


span = Range()


def stress(thread_index):
    for number in range(50):
        if thread_index % 2:
            span.move(number)
        else:
            span.width()
            span.pair()
            span.get()
