"""A Lock and an RLock."""

import threading

a = threading.Lock()
b = threading.RLock()
both = threading.Barrier(2)


def take(first, second):
    with first:
        both.wait()
        with second:
            pass


def stress(thread_index):
    if thread_index == 0:
        take(a, b)
    elif thread_index == 1:
        take(b, a)
