"""Looks whether there is one more, then takes it: a set."""

jobs = set(range(2000))


def stress(thread_index):
    for _ in range(50):
        if len(jobs) > 0:
            jobs.pop()
