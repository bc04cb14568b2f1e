"""Both orders of two classes of locks, but never of the same two objects."""

import threading

import planted_locks


class Pair:
    def __init__(self):
        self.one = threading.Lock()
        self.other = threading.Lock()


first, second = Pair(), Pair()
turns = planted_locks.Turns(2)


def forwards():
    with first.one, second.other:
        pass


def backwards():
    with first.other, second.one:
        pass


def stress(thread_index):
    turns.run(thread_index, forwards, backwards)
