"""The data of an array, which moves when it grows."""

import array

shared = array.array("B", bytes(1000))


def stress(thread_index):
    for number in range(20):
        if thread_index == 0:
            shared.extend(bytes(3000))
        else:
            shared[500 + number]
