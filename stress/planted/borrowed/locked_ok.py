"""Both hold a lock of Python's over all that they do."""

import threading

import planted

shared = {"key": [0]}
lock = threading.Lock()


def stress(thread_index):
    for number in range(20):
        with lock:
            shared["key"] = [number]
            planted.value_bug(shared, "key")
