"""An Event is set before the thread that waits for it has cleared it."""

import threading

ready = threading.Event()


def stress(thread_index):
    if thread_index == 0:
        ready.set()
        ready.clear()
        ready.wait()
