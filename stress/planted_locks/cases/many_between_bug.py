"""Thousands of other locks between the two orders."""

import threading

import planted_locks

a = threading.Lock()
b = threading.Lock()
turns = planted_locks.Turns(2)


def part_0():
    with a, b:
        pass
    others = [threading.Lock() for _ in range(5000)]
    with a:
        for other in others:
            with other:
                pass


def part_1():
    others = [threading.Lock() for _ in range(5000)]
    for other, following in zip(others, others[1:]):
        with other, following:
            pass
    with b, a:
        pass


def stress(thread_index):
    turns.run(thread_index, part_0, part_1)
