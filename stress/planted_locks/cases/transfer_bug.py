"""Money goes from one account to the other and back, each with its lock."""

import threading

import planted_locks


class Account:
    def __init__(self):
        self.lock = threading.Lock()


one, other = Account(), Account()
turns = planted_locks.Turns(2)


def transfer(source, target):
    with source.lock, target.lock:
        pass


def stress(thread_index):
    turns.run(thread_index, lambda: transfer(one, other), lambda: transfer(other, one))
