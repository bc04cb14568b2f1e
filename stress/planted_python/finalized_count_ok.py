"""The same, under a lock; and what belongs to the object itself."""

import threading

alive = 0
lock = threading.Lock()


class Handle:
    def __init__(self):
        global alive
        self.uses = 0
        with lock:
            alive += 1

    def __del__(self):
        global alive
        self.uses += 1
        with lock:
            alive -= 1


def stress(thread_index):
    for _ in range(50):
        Handle()
