"""The same under a lock."""

import threading


class Thing:
    pass


things = [Thing() for _ in range(100)]
lock = threading.Lock()


def parts_of(thing):
    with lock:
        try:
            return thing.parts
        except AttributeError:
            thing.parts = []
            return thing.parts


def stress(thread_index):
    for thing in things:
        parts_of(thing)
