"""The same under a lock."""

import threading

numbers = [1, 2, 3]
lock = threading.Lock()


def stress(thread_index):
    global numbers
    for _ in range(50):
        with lock:
            numbers = [number + 1 for number in numbers]
