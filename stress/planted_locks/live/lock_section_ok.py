"""A Lock and a critical section: the wait for the Lock gives the section back."""

import threading

import planted_locks as locks

a = threading.Lock()
shared = {}
held = []
both = threading.Barrier(2)


def nothing():
    pass


def wait_for(count):
    held.append(1)
    while len(held) < count:
        pass


def take_a():
    with a:
        pass


def one():
    with a:
        wait_for(2)
        locks.with_section(shared, nothing)


def stress(thread_index):
    if thread_index == 0:
        one()
    elif thread_index == 1:
        locks.with_section(shared, lambda: (wait_for(2), take_a()))
