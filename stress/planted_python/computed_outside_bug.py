"""The new value is made of one that was read without the lock."""

import threading

total = 0
lock = threading.Lock()


def stress(thread_index):
    global total
    for _ in range(50):
        more = total + 1
        with lock:
            total = more
