"""Threads take items out of one iterator of a list, without a lock: both may get the same one."""

jobs = iter(list(range(400)))


def stress(thread_index):
    for _ in range(20):
        next(jobs, None)
