"""The same under a lock."""

import threading


class Registry:
    def __init__(self):
        self.names = ()


registry = Registry()
lock = threading.Lock()


def stress(thread_index):
    for _ in range(50):
        with lock:
            registry.names = (*registry.names, thread_index)
