"""The same under a lock."""

import threading


class Registry:
    def __init__(self):
        self.handlers = {}

    def handler(self, name):
        found = self.handlers.get(name)
        if found is None:
            found = self.handlers[name] = object()
        return found


registry = Registry()
lock = threading.Lock()


def stress(thread_index):
    for _ in range(50):
        with lock:
            registry.handler("a")
