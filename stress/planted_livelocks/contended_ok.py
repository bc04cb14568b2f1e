"""Threads that go for one lock again and again, and are much slower for it than alone."""

import threading
import time

lock = threading.Lock()
present = []
shared = {"left": 0}


def setup():
    present.clear()
    shared["left"] = 600_000


def meet():
    """All threads of the test have come; or there is one alone."""
    while len(present) < threading.active_count() - 1:
        time.sleep(0.01)


def stress(thread_index):
    present.append(thread_index)
    meet()
    if len(present) == 1:
        present.remove(thread_index)
        return
    while True:
        with lock:
            if not shared["left"]:
                return
            shared["left"] -= 1
