"""Each thread replaces the other's offer by its own, until the other takes it: none ever does."""

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
    if len(present) == 1:  # alone: nobody to agree with
        present.remove(thread_index)
        return
    offer = (thread_index, "mine")
    while offer != (thread_index, "taken"):
        whose, _ = offer
        if whose != thread_index:
            offer = (thread_index, "mine")
