"""A generator that threads take from, and close."""

import contextlib


def numbers():
    number = 0
    while True:
        yield number
        number += 1


def setup():
    global shared
    shared = numbers()


def stress(thread_index):
    for _ in range(300):
        with contextlib.suppress(ValueError):  # it is executing in the other thread
            next(shared, None)
