"""The same under a lock."""

import threading


def make():
    count = 0
    lock = threading.Lock()

    def add():
        nonlocal count
        with lock:
            count += 1

    return add


add = make()


def stress(thread_index):
    for _ in range(50):
        add()
