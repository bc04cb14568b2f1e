"""A listener is added under a lock if it is not in the list yet; others only look for it."""

import threading

listeners, missed = [], []
lock = threading.Lock()


def added():
    pass


def stress(thread_index):
    for _ in range(10):
        with lock:
            if added not in listeners:
                listeners.append(added)
        if added not in listeners:
            missed.append(thread_index)
