"""One call under the lock does both."""

import contextlib
import threading


class Store:
    def __init__(self):
        self.lock = threading.Lock()
        self.values = {number: number for number in range(40)}

    def has(self, key):
        with self.lock:
            return key in self.values

    def get(self, key):
        with self.lock:
            return self.values.get(key, None)

    def drop(self, key):
        with self.lock:
            self.values.pop(key, None)


store = Store()


def find(number):
    return store.get(number)


def stress(thread_index):
    for number in range(40):
        if thread_index % 2:
            store.drop(39 - number)
            continue
        with contextlib.suppress(KeyError):
            find(number)
