"""What is done once is asked for with a Lock held."""

import threading

import planted_locks as locks

a = threading.Lock()
turns = locks.Turns(2)


def part():
    with a:
        locks.with_once(locks.nothing)


def stress(thread_index):
    turns.run(thread_index, part, part)
