"""The condition guards one of two variables."""

import threading

ready = threading.Condition()
taken = 0
given = 0


def stress(thread_index):
    global taken, given
    for _ in range(50):
        with ready:
            given += 1
            ready.notify()
        taken += 1
