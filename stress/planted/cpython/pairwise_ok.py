"""Two threads take from one itertools.pairwise. Under a lock."""

import itertools
import threading

import planted

shared = itertools.pairwise([1] * 100000)
lock = threading.Lock()
meeting = planted.Meeting()


def take():
    for _ in range(300):
        with lock:
            next(shared)


def stress(thread_index):
    meeting.run(take)
