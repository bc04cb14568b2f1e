"""The same, and whether they are still in it is looked at under a lock."""

import threading

items = list(range(90))
lock = threading.Lock()


def stress(thread_index):
    for item in items[:]:
        if item % 4 == thread_index % 2:
            with lock:
                if item in items:
                    items.remove(item)
