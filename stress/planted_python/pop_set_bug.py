"""Looks whether there is one more, then takes it: a set."""

jobs = set(range(200))


def stress(thread_index):
    for _ in range(50):
        if len(jobs) > 0:
            jobs.pop()
