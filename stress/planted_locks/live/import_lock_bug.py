"""A module that is being imported wants a Lock; its owner wants to import the module."""

import threading

import planted_locks as locks

a = threading.Lock()
both = threading.Barrier(2)


def take_a():
    both.wait()
    with a:
        pass


def stress(thread_index):
    if thread_index == 0:
        locks.import_late(take_a)
    elif thread_index == 1:
        with a:
            both.wait()
            import planted_locks.late  # noqa: F401
