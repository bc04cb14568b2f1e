"""The same under a lock."""

import bisect
import threading

numbers = [5]
lock = threading.Lock()


def stress(thread_index):
    for i in range(50):
        number = (i * 37 + thread_index) % 91
        with lock:
            at = bisect.bisect_left(numbers, number)
            numbers.insert(at, number)
