"""One function takes the lock twice: to read, and to write what it has made of that."""

import threading

total = 0
lock = threading.Lock()


def stress(thread_index):
    global total
    for _ in range(40):
        with lock:
            more = total
        more += 1
        with lock:
            total = more
