"""The same under a lock."""

import threading

made = {"z": 0}
lock = threading.Lock()


def stress(thread_index):
    for _ in range(50):
        with lock:
            try:
                made["a"]
            except KeyError:
                made["a"] = object()
