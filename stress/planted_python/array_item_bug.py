"""An item of an array."""

import array

counts = array.array("q", [0] * 8)


def stress(thread_index):
    for number in range(50):
        counts[3] += 1
