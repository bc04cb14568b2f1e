"""The same under a lock."""

import threading

log = ""
lock = threading.Lock()


def stress(thread_index):
    global log
    for _ in range(50):
        with lock:
            log += "x"
