"""Numbers are sorted in while others are, in one call of C."""

import bisect

numbers = [5]


def stress(thread_index):
    for i in range(50):
        bisect.insort(numbers, (i * 37 + thread_index) % 91)
