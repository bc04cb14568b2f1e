"""A thread waits for a flag with a lock that the one needs who sets it."""

import threading
import time

lock = threading.Lock()


def setup():
    global begun, waits, done
    begun = waits = done = False


def others():
    """Are there other threads of the test?"""
    return threading.active_count() > 2


def stress(thread_index):
    global begun, waits, done
    if thread_index == 0:
        begun = True
        while others() and not waits:
            time.sleep(0.01)
        with lock:
            done = True
        return
    while others() and not begun:
        time.sleep(0.01)
    if begun:
        with lock:
            waits = True
            while not done:
                pass
