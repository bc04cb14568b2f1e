"""A long computation, in threads only, that comes to its end: it counts."""

import threading
import time

present = []


def setup():
    present.clear()


def meet():
    """All threads of the test have come; or there is one alone."""
    while len(present) < threading.active_count() - 1:
        time.sleep(0.01)


def stress(thread_index):
    present.append(thread_index)
    meet()
    if len(present) == 1:
        present.remove(thread_index)
        return
    total = 0
    for number in range(6_000_000):
        total ^= number
