"""PyDict_Next in a critical section."""

import planted

shared = dict.fromkeys(range(50), 0)
meeting = planted.Meeting()


def stress(thread_index):
    if thread_index == 0:
        meeting.run(planted.set_values, shared, 500)
    else:
        meeting.run(planted.sum_values_ok, shared, 20)
