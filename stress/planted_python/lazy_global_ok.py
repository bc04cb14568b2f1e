"""The same under a lock."""

import threading

connection = None
lock = threading.Lock()


def stress(thread_index):
    global connection
    for _ in range(50):
        with lock:
            if connection is None:
                connection = object()
