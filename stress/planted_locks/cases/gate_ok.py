"""Two locks in both orders, always under a third."""

import threading

import planted_locks as locks

gate = threading.Lock()
a = threading.Lock()
b = threading.Lock()
turns = locks.Turns(2)


def part_0():
    with gate, a, b:
        pass


def part_1():
    with gate, b, a:
        pass


def stress(thread_index):
    turns.run(thread_index, part_0, part_1)
