"""A cycle() that threads share."""

import itertools


def setup():
    global shared
    shared = itertools.cycle([1, 2, 3, 4, 5])


def stress(thread_index):
    for _ in range(300):
        next(shared)
