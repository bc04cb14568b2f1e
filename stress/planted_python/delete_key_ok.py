"""The same under a lock."""

import threading

waiting = dict.fromkeys(range(40))
lock = threading.Lock()


def stress(thread_index):
    for _ in range(50):
        with lock:
            if _ in waiting:
                waiting.pop(_, None)
