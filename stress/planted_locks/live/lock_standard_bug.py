"""A Lock and a std::mutex."""

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


def one():
    with a:
        both.wait()
        locks.with_standard(0, nothing)


def stress(thread_index):
    if thread_index == 0:
        one()
    elif thread_index == 1:
        locks.with_standard(0, lambda: meet_then(take_a))
