"""A semaphore lets two in at once."""

import threading

inside = threading.Semaphore(2)
visits = 0


def stress(thread_index):
    global visits
    visits += 1
    for _ in range(20):
        with inside:
            pass
