"""Two threads take from one itertools.cycle. Under a lock."""

import itertools
import threading

import planted

shared = itertools.cycle([1, 2, 3])
lock = threading.Lock()
meeting = planted.Meeting()


def take():
    for _ in range(300):
        with lock:
            next(shared)


def stress(thread_index):
    meeting.run(take)
