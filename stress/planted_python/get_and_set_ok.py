"""The same under a lock; and what is stored has nothing to do with what was read before."""

import threading


class Store:
    def __init__(self):
        self.lock = threading.Lock()
        self.items = {"n": 0, "state": "idle"}
        self.seen = []

    def get(self, key):
        return self.items.get(key)

    def set(self, key, value):
        self.items[key] = value

    def add(self, key):
        with self.lock:
            value = self.get(key) or 0
            self.set(key, value + 1)

    def note(self):
        if self.get("state") == "broken":
            self.seen.append("broken")
        self.set("state", "busy")
        self.set("state", "idle")

    def either(self, key, value=None):
        if value is None:
            return self.get(key)
        self.set(key, value)
        return None

    def tell(self, loud):
        self.seen.append(self.get("state"))
        return loud

    def tell_and_set(self):
        if self.tell(True):
            self.set("state", "busy")


store = Store()


def stress(thread_index):
    for _ in range(50):
        store.add("n")
        store.note()
        store.tell_and_set()
        store.either("state")
        store.either("state", "idle")
