"""A registry of a class's own, which its users lock."""

import threading


class Registry:
    def __init__(self):
        self.lock = threading.Lock()
        self.entries = {}

    def __contains__(self, key):
        return key in self.entries

    def __setitem__(self, key, value):
        self.entries[key] = value


registry = Registry()


def stress(thread_index):
    for key in range(20):
        with registry.lock:
            if key not in registry:
                registry[key] = [thread_index]
