"""A loop goes over a deque, and another thread adds to it."""

from collections import deque

jobs = deque(range(50))


def stress(thread_index):
    for number in range(40):
        if thread_index:
            jobs.append(number)
        else:
            try:
                sum(1 for _ in jobs)
            except RuntimeError:
                return
