"""A Lock and a spin lock in one order."""

import threading

import planted_locks as locks

a = threading.Lock()
turns = locks.Turns(2)


def part():
    with a:
        locks.with_spin(locks.nothing)


def stress(thread_index):
    turns.run(thread_index, part, part)
