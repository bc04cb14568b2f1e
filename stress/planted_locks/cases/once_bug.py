"""What is done once takes a Lock, and is asked for with the Lock held."""

import threading

import planted_locks as locks

a = threading.Lock()
turns = locks.Turns(2)


def take_a():
    with a:
        pass


def part_0():
    with a:
        locks.with_once(locks.nothing)


def part_1():
    locks.with_once(take_a)


def stress(thread_index):
    turns.run(thread_index, part_0, part_1)
