"""A lock of one's own is held from the look to the act."""

import queue
import threading

lock = threading.Lock()
jobs = queue.LifoQueue(20)


def stress(thread_index):
    while True:
        with lock:
            if jobs.full():
                break
            jobs.put_nowait(thread_index)
