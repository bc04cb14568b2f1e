"""PyDict_Next without a critical section."""

import planted

shared = dict.fromkeys(range(50), 0)
meeting = planted.Meeting()


def write():
    for number in range(3000):
        shared[number % 50] = number % 250


def stress(thread_index):
    if thread_index == 0:
        meeting.run(write)
    else:
        meeting.run(planted.sum_values_bug, shared, 100)
