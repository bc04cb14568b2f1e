"""The same under a lock."""

import threading

started = False
starts = []
lock = threading.Lock()


def stress(thread_index):
    global started
    for _ in range(50):
        with lock:
            if not started:
                started = True
                starts.append(thread_index)
