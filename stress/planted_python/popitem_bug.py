"""Looks whether there is one more, then takes it: a dict."""

jobs = dict.fromkeys(range(2000))


def stress(thread_index):
    for _ in range(50):
        if len(jobs) > 0:
            jobs.popitem()
