"""One lock for both."""

import threading

counter = 0
locks = [threading.Lock(), threading.Lock()]


def stress(thread_index):
    global counter
    for _ in range(50):
        with locks[0]:
            counter += 1
