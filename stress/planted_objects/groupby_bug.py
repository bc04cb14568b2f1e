"""A groupby() that threads take groups from."""

import contextlib
import itertools


def setup():
    global shared
    shared = itertools.groupby(number // 3 for number in range(100_000))


def stress(thread_index):
    for _ in range(100):
        with contextlib.suppress(ValueError):  # the other thread is in the generator
            for group in next(shared, (0, ()))[1]:
                str(group)
