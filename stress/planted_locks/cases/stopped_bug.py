"""The world is stopped while a pthread mutex is held that an attached thread may wait for."""

import gc

import planted_locks as locks

turns = locks.Turns(2)


def part_0():
    locks.with_native(1, gc.collect)


def part_1():
    locks.with_native(1, locks.nothing)


def stress(thread_index):
    turns.run(thread_index, part_0, part_1)
