"""Looks whether there is one more, then takes it: a deque."""

import collections

jobs = collections.deque(range(2000))


def stress(thread_index):
    for _ in range(50):
        if jobs:
            jobs.popleft()
