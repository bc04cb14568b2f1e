"""Two threads take from one range iterator (gh-129068). Under a lock."""

import threading

import planted

shared = iter(range(1, 10**9))
lock = threading.Lock()
meeting = planted.Meeting()


def take():
    for _ in range(300):
        with lock:
            next(shared)


def stress(thread_index):
    meeting.run(take)
