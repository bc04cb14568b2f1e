"""A pthread mutex and a critical section."""

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


def stress(thread_index):
    if thread_index == 0:
        locks.with_native(0, lambda: (wait_for(2), locks.with_section(shared, nothing)))
    elif thread_index == 1:
        locks.with_section(shared, lambda: (wait_for(2), locks.with_native(0, nothing)))
