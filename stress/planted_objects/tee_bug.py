"""One of two iterators of tee() that threads share."""

import contextlib
import itertools


def setup():
    global shared
    shared, _ = itertools.tee(iter(range(100_000)))


def stress(thread_index):
    for _ in range(300):
        with contextlib.suppress(RuntimeError):  # the other thread is in it
            next(shared, None)
