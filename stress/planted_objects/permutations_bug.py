"""A permutations() that threads share."""

import itertools


def setup():
    global shared
    shared = itertools.permutations(range(30), 3)


def stress(thread_index):
    for _ in range(300):
        next(shared, None)
