"""An attribute of a class, read by way of an object of a subclass, under a lock."""

import threading


class Base:
    made = 0
    lock = threading.Lock()


class Derived(Base):
    def __init__(self):
        with self.lock:
            Base.made = self.made + 1


def stress(thread_index):
    for _ in range(50):
        Derived()
