"""A cache with a limit grows up to that."""

import functools


@functools.lru_cache(maxsize=3)
def squares(number):
    return [number, number * number]


def stress(thread_index):
    for number in range(8):
        squares(number)
