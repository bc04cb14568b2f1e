"""Two PyMutexes of an extension in one order."""

import planted_locks as locks


def nothing():
    pass


turns = locks.Turns(2)


def part_0():
    locks.with_mutex(0, lambda: locks.with_mutex(1, nothing))


def part_1():
    locks.with_mutex(0, lambda: locks.with_mutex(1, nothing))


def stress(thread_index):
    turns.run(thread_index, part_0, part_1)
