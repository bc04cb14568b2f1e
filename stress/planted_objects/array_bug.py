"""An array that threads change, read and iterate over."""

import array


def setup():
    global shared
    shared = array.array("i", range(8))


def stress(thread_index):
    for number in range(200):
        shared.append(number)
        shared[0] = number
        sum(shared[1:4])
        shared.pop()
