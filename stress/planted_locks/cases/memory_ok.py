"""Mutexes in blocks of PyMem_Malloc() that end, and others later at the same addresses."""

import ctypes

import planted_locks as locks

library = ctypes.CDLL(None)
turns = locks.Turns(2)
again = []


def take(*mutexes):
    for mutex in mutexes:
        library.pthread_mutex_lock(mutex)
    for mutex in reversed(mutexes):
        library.pthread_mutex_unlock(mutex)


def mutex():
    return ctypes.create_string_buffer(64)


def part_0():
    old = sorted([mutex(), mutex()], key=ctypes.addressof)
    low, high = (ctypes.addressof(one) for one in old)
    take(*old)
    del old
    made = {}  # what lies elsewhere is kept, so that the next one lies elsewhere, too
    while not (low in made and high in made):
        assert len(made) < 10000, "the memory is not used again"
        new = mutex()
        made[ctypes.addressof(new)] = new
    again.extend([made[high], made[low]])


def part_1():
    take(*again)


def stress(thread_index):
    turns.run(thread_index, part_0, part_1)
