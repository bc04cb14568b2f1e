"""An RLock that its owner takes again under another lock."""

import threading

import planted_locks as locks

a = threading.RLock()
b = threading.Lock()
turns = locks.Turns(2)


def part_0():
    with a, b, a:
        pass


def part_1():
    with a, b, a:
        pass


def stress(thread_index):
    turns.run(thread_index, part_0, part_1)
