"""Looks whether there is one more, then takes it."""

jobs = list(range(2000))


def stress(thread_index):
    for _ in range(50):
        if jobs:
            jobs.pop()
