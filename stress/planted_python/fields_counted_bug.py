"""Two fields that one side updates under a lock; the other side does without."""

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
