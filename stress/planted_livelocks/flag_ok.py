"""As flag_bug.py, without the lock; who sets the flag sleeps for long before, if one waits."""

import threading
import time


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
        if waits:
            time.sleep(9)
        done = True
        return
    while others() and not begun:
        time.sleep(0.01)
    if begun:
        waits = True
        while not done:
            pass
