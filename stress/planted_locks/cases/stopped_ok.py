"""The world is stopped while a pthread mutex is held that threads wait for detached."""

import gc

import planted_locks as locks

turns = locks.Turns(2)


def part_0():
    locks.with_native_detached(0, gc.collect)


def part_1():
    locks.with_native_detached(0, locks.nothing)


def stress(thread_index):
    turns.run(thread_index, part_0, part_1)
