"""Three locks in one order."""

import threading

import planted_locks as locks

a = threading.Lock()
b = threading.Lock()
c = threading.Lock()
turns = locks.Turns(3)


def part_0():
    with a:
        with b:
            pass


def part_1():
    with b, c:
        pass


def part_2():
    with a, c:
        pass


def stress(thread_index):
    turns.run(thread_index, part_0, part_1, part_2)
