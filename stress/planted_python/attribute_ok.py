"""The same under a lock."""

import threading


class Counter:
    def __init__(self):
        self.value = 0


counter = Counter()
lock = threading.Lock()


def stress(thread_index):
    for _ in range(50):
        with lock:
            counter.value += 1
