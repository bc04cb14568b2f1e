"""A Lock and a _PyRWMutex in both orders: one reads, one writes."""

import threading

import planted_locks as locks

a = threading.Lock()
turns = locks.Turns(2)


def take_a():
    with a:
        pass


def part_0():
    with a:
        locks.with_rwmutex_writer(locks.nothing)


def part_1():
    locks.with_rwmutex_reader(take_a)


def stress(thread_index):
    turns.run(thread_index, part_0, part_1)
