"""Each side has a lock of its own."""

import threading

counter = 0
locks = [threading.Lock(), threading.Lock()]


def stress(thread_index):
    global counter
    for _ in range(50):
        with locks[thread_index % 2]:
            counter += 1
