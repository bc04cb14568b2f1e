"""A pthread mutex and a critical section in one order."""

import planted_locks as locks

shared = {}


def nothing():
    pass


turns = locks.Turns(2)


def part_0():
    locks.with_native(0, lambda: locks.with_section(shared, nothing))


def part_1():
    locks.with_native(0, lambda: locks.with_section(shared, nothing))


def stress(thread_index):
    turns.run(thread_index, part_0, part_1)
