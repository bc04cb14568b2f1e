"""The lock is given back between the read and the write."""

import threading

counter = 0
lock = threading.Lock()


def stress(thread_index):
    global counter
    for _ in range(50):
        lock.acquire()
        lock.release()
        counter = counter + 1
