"""A product() that threads share."""

import itertools


def setup():
    global shared
    shared = itertools.product(range(50), repeat=3)


def stress(thread_index):
    for _ in range(300):
        next(shared, None)
