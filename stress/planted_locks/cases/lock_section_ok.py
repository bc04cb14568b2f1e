"""A Lock and a critical section in both orders: the wait for the Lock gives the section back."""

import threading

import planted_locks as locks

shared = {}
a = threading.Lock()


def take_a():
    with a:
        pass


def nothing():
    pass


turns = locks.Turns(2)


def part_0():
    with a:
        locks.with_section(shared, nothing)


def part_1():
    locks.with_section(shared, take_a)


def stress(thread_index):
    turns.run(thread_index, part_0, part_1)
