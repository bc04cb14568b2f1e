"""A PyMutex and a critical section in both orders."""

import planted_locks as locks

shared = {}


def nothing():
    pass


turns = locks.Turns(2)


def part_0():
    locks.with_mutex(0, lambda: locks.with_section(shared, nothing))


def part_1():
    locks.with_section(shared, lambda: locks.with_mutex(0, nothing))


def stress(thread_index):
    turns.run(thread_index, part_0, part_1)
