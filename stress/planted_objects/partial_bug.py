"""A partial() that threads call and give another state."""

import functools


def setup():
    global shared
    shared = functools.partial(max, 1)


def stress(thread_index):
    for number in range(100):
        shared(number)
        shared.__setstate__((max, (number,), {}, None))
