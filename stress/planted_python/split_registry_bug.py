"""A mapping whose methods lock, each by itself."""

import threading


class Registry:
    def __init__(self):
        self.lock = threading.Lock()
        self.things = {}

    def __contains__(self, name):
        with self.lock:
            return name in self.things

    def __setitem__(self, name, thing):
        with self.lock:
            self.things[name] = thing


registry = Registry()


def stress(thread_index):
    for name in range(30):
        if name not in registry:
            registry[name] = object()
