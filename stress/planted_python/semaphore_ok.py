"""A semaphore lets one in at a time."""

import threading

inside = threading.Semaphore(1)
visits = 0


def stress(thread_index):
    global visits
    for _ in range(20):
        with inside:
            visits += 1
