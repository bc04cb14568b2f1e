"""25 locks held at once, and two of them the other way round."""

import threading

import planted_locks

locks = [threading.Lock() for _ in range(25)]
turns = planted_locks.Turns(2)


def take(order):
    for lock in order:
        lock.acquire()
    for lock in order:
        lock.release()


def stress(thread_index):
    turns.run(thread_index, lambda: take(locks), lambda: take([locks[20], locks[3]]))
