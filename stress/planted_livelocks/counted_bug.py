"""As refused_bug.py, but each thread counts its tries: so it never comes back to the same."""

import threading
import time

present = []
offer = (None, None)


def setup():
    present.clear()


def meet():
    """All threads of the test have come; or there is one alone."""
    while len(present) < threading.active_count() - 1:
        time.sleep(0.01)


def stress(thread_index):
    global offer
    present.append(thread_index)
    meet()
    if len(present) == 1:
        present.remove(thread_index)
        return
    tries = 0
    while offer != (thread_index, "taken"):
        tries += 1
        whose, _ = offer
        if whose != thread_index:
            offer = (thread_index, "mine")
