"""Both sides take the lock, each in its way."""

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
            lock.acquire()
            try:
                counter += 1
            finally:
                lock.release()
