"""Two PyMutexes of an extension."""

import threading

import planted_locks as locks

a = threading.Lock()
both = threading.Barrier(2)


def nothing():
    pass


def meet_then(call):
    both.wait()
    call()


def take_a():
    with a:
        pass


def stress(thread_index):
    if thread_index == 0:
        locks.with_mutex(0, lambda: meet_then(lambda: locks.with_mutex(1, nothing)))
    elif thread_index == 1:
        locks.with_mutex(1, lambda: meet_then(lambda: locks.with_mutex(0, nothing)))
