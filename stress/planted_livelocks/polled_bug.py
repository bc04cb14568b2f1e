"""C code waits for a list that nobody fills any more: its one call never returns."""

import threading
import time

lock = threading.Lock()
box = []


def setup():
    global begun, waits
    begun = waits = False
    box.clear()


def others():
    """Are there other threads of the test?"""
    return threading.active_count() > 2


def stress(thread_index):
    global begun, waits
    if thread_index == 0:
        begun = True
        while others() and not waits:
            time.sleep(0.01)
        with lock:
            box.append(1)
        return
    while others() and not begun:
        time.sleep(0.01)
    if begun:
        with lock:
            waits = True
            any(iter(box.__len__, 1))
