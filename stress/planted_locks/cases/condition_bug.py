"""A Condition's lock is given back and taken again by wait() while another lock is held."""

import threading

import planted_locks as locks

condition = threading.Condition()
b = threading.Lock()
turns = locks.Turns(2)


def part():
    with condition, b:
        condition.wait(0.01)


def stress(thread_index):
    turns.run(thread_index, part, part)
