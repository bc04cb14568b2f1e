"""A pthread mutex is held over a detach, and waited for by an attached thread."""

import planted_locks as locks


def nothing():
    pass


turns = locks.Turns(2)


def part_0():
    locks.with_native(0, locks.detach)


def part_1():
    locks.with_native(0, nothing)


def stress(thread_index):
    turns.run(thread_index, part_0, part_1)
