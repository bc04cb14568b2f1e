"""A Lock and a pthread mutex in both orders, one wait with a time limit."""

import threading

import planted_locks as locks

a = threading.Lock()
turns = locks.Turns(2)


def take_a():
    with a:
        pass


def part_0():
    with a:
        locks.with_native_timed(0, locks.nothing)


def part_1():
    locks.with_native(0, take_a)


def stress(thread_index):
    turns.run(thread_index, part_0, part_1)
