"""As refused_bug.py, but the first thread takes the offers of the others, one after the other."""

import threading
import time

present = []
taken = []
offer = None
changing = threading.Lock()


def setup():
    present.clear()
    taken.clear()


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
    first = min(present)
    while thread_index != first and thread_index not in taken:
        with changing:
            if offer is None:
                offer = thread_index
    while thread_index == first and len(taken) + 1 < len(present):
        with changing:
            if offer is not None:
                taken.append(offer)
                offer = None
