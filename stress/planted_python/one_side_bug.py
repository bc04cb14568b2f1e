"""One side takes the lock, the other one does not."""

import threading

counter = 0
lock = threading.Lock()


def stress(thread_index):
    global counter
    for _ in range(50):
        if thread_index % 2:
            with lock:
                counter += 1
        else:
            counter += 1
