"""Looks whether a key is there, and takes it."""

import contextlib

jobs = dict.fromkeys(range(400), "job")
done = []


def take(number):
    if number in jobs:
        done.append(jobs.pop(number))


def stress(thread_index):
    for number in range(400):
        with contextlib.suppress(KeyError):
            take(number)
