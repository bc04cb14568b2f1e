"""A module takes a Lock while it is imported, and is imported with the Lock free."""

import threading

import planted_locks as locks

a = threading.Lock()
turns = locks.Turns(2)


def take_a():
    with a:
        pass


def part_0():
    locks.import_late(take_a)


def part_1():
    take_a()
    locks.import_late()


def stress(thread_index):
    turns.run(thread_index, part_0, part_1)
