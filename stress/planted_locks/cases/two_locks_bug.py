"""Two locks in both orders."""

import threading

import planted_locks as locks

a = threading.Lock()
b = threading.Lock()
turns = locks.Turns(2)


def part_0():
    with a:
        with b:
            pass


def part_1():
    with b, a:
        pass


def stress(thread_index):
    turns.run(thread_index, part_0, part_1)
