"""Two fields that are updated and read under a lock."""

import threading


class Mean:
    def __init__(self):
        self.lock = threading.Lock()
        self.total = 0.0
        self.count = 1

    def add(self, value):
        with self.lock:
            self.total += value
            self.count += 1

    def get(self):
        with self.lock:
            total = self.total
            count = self.count
        return total / count


mean = Mean()


def stress(thread_index):
    for number in range(50):
        if thread_index % 2:
            mean.add(number)
        else:
            mean.get()
