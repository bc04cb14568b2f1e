"""Two threads take from one bytes iterator. Under a lock."""

import threading

import planted

shared = iter(b"a" * 100000)
lock = threading.Lock()
meeting = planted.Meeting()


def take():
    for _ in range(300):
        with lock:
            next(shared)


def stress(thread_index):
    meeting.run(take)
