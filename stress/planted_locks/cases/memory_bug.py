"""Two mutexes in blocks of PyMem_Malloc(), in both orders. Called by ctypes."""

import ctypes

import planted_locks as locks

library = ctypes.CDLL(None)
a, b = ctypes.create_string_buffer(64), ctypes.create_string_buffer(64)
turns = locks.Turns(2)


def take(*mutexes):
    for mutex in mutexes:
        library.pthread_mutex_lock(mutex)
    for mutex in reversed(mutexes):
        library.pthread_mutex_unlock(mutex)


def part_0():
    take(a, b)


def part_1():
    take(b, a)


def stress(thread_index):
    turns.run(thread_index, part_0, part_1)
