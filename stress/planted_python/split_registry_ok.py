"""A mapping that has one method for both; and a claim, after which there is only one who stores."""

import threading


class Registry:
    def __init__(self):
        self.lock = threading.Lock()
        self.things = {}
        self.claimed = set()

    def claim(self, name):
        with self.lock:
            if name in self.claimed:
                return False
            self.claimed.add(name)
            return True

    def __contains__(self, name):
        with self.lock:
            return name in self.things

    def __setitem__(self, name, thing):
        with self.lock:
            self.things[name] = thing

    def find(self, name):
        with self.lock:
            return self.things.setdefault(name, object())


registry = Registry()


def stress(thread_index):
    for name in range(30):
        if name not in registry:
            registry.find(name)
        if registry.claim(name + 100) and name + 100 not in registry:
            registry[name + 100] = object()
