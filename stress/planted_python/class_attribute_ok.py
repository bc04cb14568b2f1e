"""The same under a lock."""

import threading


class Pool:
    made = 0


lock = threading.Lock()


def stress(thread_index):
    for _ in range(50):
        with lock:
            Pool.made += 1
