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


handles = [Handle() for _ in range(20)]


def stress(thread_index):
    for _ in range(50):
        Handle()
    while True:
        try:
            handle = handles.pop()
        except IndexError:
            break
        with lock:
            handle.uses += 1
        del handle
