"""A Lock and a std::mutex in both orders."""

import threading

import planted_locks as locks

a = threading.Lock()


def take_a():
    with a:
        pass


def nothing():
    pass


turns = locks.Turns(2)


def part_0():
    with a:
        locks.with_standard(0, nothing)


def part_1():
    locks.with_standard(0, take_a)


def stress(thread_index):
    turns.run(thread_index, part_0, part_1)
