"""Two globals that belong together, which two threads store and read under a lock."""

import threading

name = "of 0"
number = 0
lock = threading.Lock()


def stress(thread_index):
    global name, number
    for count in range(50):
        with lock:
            name = f"of {thread_index} {count}"
            number = thread_index
            label(name)


def label(text):
    return name, number
