"""Where a number belongs is looked up, and then it is put there."""

import bisect

numbers = [5]


def stress(thread_index):
    for i in range(50):
        number = (i * 37 + thread_index) % 91
        at = bisect.bisect_left(numbers, number)
        numbers.insert(at, number)
