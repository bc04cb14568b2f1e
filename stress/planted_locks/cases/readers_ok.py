"""A reader lock under a Lock and the other way round, readers only."""

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
        locks.with_reader(nothing)


def part_1():
    with a:
        locks.with_reader(nothing)


def stress(thread_index):
    turns.run(thread_index, part_0, part_1)
