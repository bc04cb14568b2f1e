"""Numbers are sorted in under a lock."""

import bisect
import threading

numbers = [5]
lock = threading.Lock()


def stress(thread_index):
    for i in range(50):
        with lock:
            bisect.insort(numbers, (i * 37 + thread_index) % 91)
