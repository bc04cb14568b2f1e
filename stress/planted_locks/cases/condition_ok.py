"""A Condition's lock is taken inside of another lock, by wait() too."""

import threading

import planted_locks as locks

condition = threading.Condition()
b = threading.Lock()
turns = locks.Turns(2)


def part():
    with b, condition:
        condition.wait(0.01)


def stress(thread_index):
    turns.run(thread_index, part, part)
